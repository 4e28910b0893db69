internal import CKernels
internal import ModelIR

/// The dense kernels over a tile in a workspace.
///
/// Unchecked access: C reads the rows of the input's place and the packed tables, and writes the rows of the output's
/// place. Each function checks first that both places lie within the workspace and are as wide as the tables say;
/// the tables' own sizes were checked by who made them.
enum DenseKernel {
    private static let level = CPULevel.current.native

    /// Each row's measure to each row of `panels`, plus the bias unless that is empty.
    static func measures(
        _ measure: PackedMeasure, _ panels: PackedPanels, bias: [Double], from input: TilePlace, to output: TilePlace,
        rowCount: Int, in workspace: Workspace, level: vencejo_cpu_level = level
    ) {
        precondition(input.width == panels.width && output.width == panels.count, "places of the tables' widths")
        precondition(bias.isEmpty || bias.count == panels.count, "a bias for each output")
        precondition(panels.numbers.count >= panels.start + panels.panelCount * panels.panelStride, "whole panels")
        check(input, output, rowCount, workspace)
        var native = measure.native
        unsafe workspace.doubles.withUnsafeMutableBufferPointer { numbers in
            unsafe panels.numbers.withUnsafeBufferPointer { packed in
                unsafe bias.withUnsafeBufferPointer { bias in
                    guard let base = numbers.baseAddress, let packed = packed.baseAddress else { return }
                    unsafe vencejo_pairwise(
                        level, &native, base + input.offset, rowCount, panels.width, packed + panels.start,
                        panels.count, bias.isEmpty ? nil : bias.baseAddress, base + output.offset, output.width)
                }
            }
        }
    }

    /// The product with a matrix of few rows, which lie one after the other.
    static func products(
        weights: [Double], bias: [Double], from input: TilePlace, to output: TilePlace, rowCount: Int,
        in workspace: Workspace, level: vencejo_cpu_level = level
    ) {
        precondition(output.width == bias.count && weights.count == bias.count * input.width, "a matrix of the widths")
        check(input, output, rowCount, workspace)
        unsafe workspace.doubles.withUnsafeMutableBufferPointer { numbers in
            unsafe weights.withUnsafeBufferPointer { weights in
                unsafe bias.withUnsafeBufferPointer { bias in
                    guard let base = numbers.baseAddress else { return }
                    unsafe vencejo_dots(
                        level, base + input.offset, rowCount, input.width, weights.baseAddress, output.width,
                        bias.baseAddress,
                        base + output.offset, output.width)
                }
            }
        }
    }

    /// The sums that `expansion` says, of the measures to its references.
    /// - Parameter scratch: where `expansion.scratchCount` doubles of the workspace begin.
    static func expand(
        _ expansion: KernelExpansion, from input: TilePlace, to output: TilePlace, rowCount: Int, scratch: Int,
        in workspace: Workspace, level: vencejo_cpu_level = level
    ) {
        precondition(
            input.width == expansion.panels.width && output.width == expansion.bias.count,
            "places of the tables' widths")
        check(input, output, rowCount, workspace)
        for index in output.offset..<output.offset + rowCount * output.width { workspace.doubles[index] = 0 }
        var row = 0
        if let products = expansion.products {
            let tooLong = products.extend(
                &workspace.doubles, rows: input.offset, rowCount: rowCount, width: input.width, to: scratch)
            while row < rowCount {
                // As many as go the same way; mostly all.
                let isTooLong = tooLong >> UInt64(row) & 1 == 1
                var end = row + 1
                while end < rowCount, (tooLong >> UInt64(end) & 1 == 1) == isTooLong { end += 1 }
                if isTooLong {
                    add(
                        expansion, expansion.measure, expansion.panels, from: input.offset + row * input.width,
                        to: output.offset + row * output.width, rowCount: end - row, &workspace.doubles, level)
                } else {
                    add(
                        expansion, .powerOfProduct, products.panels, from: scratch + row * products.panels.width,
                        to: output.offset + row * output.width, rowCount: end - row, &workspace.doubles, level)
                }
                row = end
            }
        } else {
            add(
                expansion, expansion.measure, expansion.panels, from: input.offset, to: output.offset,
                rowCount: rowCount, &workspace.doubles, level)
        }
        for row in 0..<rowCount {
            let first = output.offset + row * output.width
            for index in expansion.bias.indices { workspace.doubles[first + index] += expansion.bias[index] }
        }
    }

    /// Adds all segments' sums of `rowCount` rows, whose places lie within `numbers`.
    private static func add(
        _ expansion: KernelExpansion, _ measure: PackedMeasure, _ panels: PackedPanels, from rows: Int, to sums: Int,
        rowCount: Int, _ numbers: inout [Double], _ level: vencejo_cpu_level
    ) {
        var native = measure.native
        unsafe numbers.withUnsafeMutableBufferPointer { numbers in
            unsafe panels.numbers.withUnsafeBufferPointer { packed in
                unsafe expansion.coefficients.withUnsafeBufferPointer { coefficients in
                    unsafe expansion.targets.withUnsafeBufferPointer { targets in
                        guard let base = numbers.baseAddress, let packed = packed.baseAddress,
                            let coefficients = coefficients.baseAddress, let targets = targets.baseAddress
                        else { return }
                        for segment in expansion.segments {
                            unsafe vencejo_expand(
                                level, &native, base + rows, rowCount, panels.width,
                                packed + panels.start + segment.firstPanel * panels.panelStride, segment.panelCount,
                                coefficients + segment.firstCoefficient, targets + segment.firstTarget,
                                segment.targetCount, base + sums, expansion.bias.count)
                        }
                    }
                }
            }
        }
    }

    /// A function of each number, or of each row.
    static func activate(
        _ function: PackedActivation, from input: TilePlace, to output: TilePlace, rowCount: Int,
        in workspace: Workspace, level: vencejo_cpu_level = level
    ) {
        let width = input.width
        precondition(output.width == (function == .logSumExp ? 1 : width), "as wide as the input")
        check(input, output, rowCount, workspace)
        unsafe workspace.doubles.withUnsafeMutableBufferPointer { numbers in
            guard let base = numbers.baseAddress, width > 0 else { return }
            let from = unsafe base + input.offset
            let to = unsafe base + output.offset
            switch function {
            case .each(let function): unsafe vencejo_apply(level, function, from, rowCount * width, to)
            case .softmax: unsafe vencejo_softmax(level, from, rowCount, width, to)
            case .logSumExp: unsafe vencejo_log_sums(level, from, rowCount, width, to)
            case .logSoftmax:
                for row in 0..<rowCount {
                    var total = 0.0
                    unsafe vencejo_log_sums(level, from + row * width, 1, width, &total)
                    for index in row * width..<(row + 1) * width { unsafe to[index] = from[index] - total }
                }
            }
        }
    }

    /// Both probabilities of each row's score, by the logistic function.
    static func probabilities(
        from input: TilePlace, to output: TilePlace, rowCount: Int, in workspace: Workspace,
        level: vencejo_cpu_level = level
    ) {
        precondition(input.width == 1 && output.width == 2, "two probabilities of a score")
        precondition(
            input.offset + rowCount <= output.offset || output.offset + 2 * rowCount <= input.offset, "places apart")
        check(input, output, rowCount, workspace)
        unsafe workspace.doubles.withUnsafeMutableBufferPointer { numbers in
            guard let base = numbers.baseAddress else { return }
            unsafe vencejo_probabilities(level, base + input.offset, rowCount, base + output.offset)
        }
    }

    private static func check(_ input: TilePlace, _ output: TilePlace, _ rowCount: Int, _ workspace: Workspace) {
        precondition(input.kind == .float64 && output.kind == .float64, "numbers of double precision")
        precondition(rowCount >= 0 && rowCount <= Tile.rowsMax, "rows of a tile")
        checkPlace(input, rowCount, workspace)
        checkPlace(output, rowCount, workspace)
    }

    private static func checkPlace(_ place: TilePlace, _ rowCount: Int, _ workspace: Workspace) {
        precondition(
            place.offset >= 0 && place.width >= 0 && place.offset + rowCount * place.width <= workspace.doubles.count,
            "a place within the workspace")
    }
}
