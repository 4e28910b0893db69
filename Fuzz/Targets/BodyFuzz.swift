// modules: ServingProtocols InferenceAPI TensorCore
// shares: RowLayouts.swift
internal import InferenceAPI
internal import ServingProtocols
internal import TensorCore

/// Feeds any bytes to the decoder of predictions, as each kind of body, all or nothing and row by row. It must not trap,
/// a refused body must leave no row behind, and where no row is wrong both ways must come to the same rows.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBody(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let body = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    for layout in layouts {
        for format in formats {
            let whole = decode(body, format, layout, isolating: false)
            let isolated = decode(body, format, layout, isolating: true)
            if let whole { precondition(isolated?.identity == whole.identity && isolated?.failures == 0) }
            if let isolated, isolated.failures == 0 { precondition(whole != nil, "refused, and no row is wrong") }
        }
    }
    return 0
}

private let formats = [
    NativeFormat(body: .json), NativeFormat(body: .lines), NativeFormat(body: .table(.untold)),
    NativeFormat(body: .table(.present)), NativeFormat(body: .table(.absent)),
]

private func decode(
    _ body: [UInt8], _ format: NativeFormat, _ layout: RowLayout, isolating: Bool
) -> (identity: [UInt8], failures: Int)? {
    var decoder = NativeRequestDecoder(numbersMax: 1 << 12)
    var batch = RowBatch(layout: layout)
    batch.appendRow()
    var isolation = isolating ? RowIsolation() : nil
    do throws(InferenceError) {
        _ = try decoder.decode(body.span, as: format, isolation: &isolation, into: &batch)
    } catch {
        precondition(batch.rowCount == 1, "a refused body left a row behind")
        return nil
    }
    var identity: [UInt8] = []
    batch.appendIdentity(of: 1..<batch.rowCount, to: &identity)
    return (identity, isolation?.failures.count ?? 0)
}
