import Compression
import ModelIR
import Testing

@testable import ModelFormats

/// What a pickle may be wrapped in, and what it may hold beyond plain arrays.
@Suite struct PickleContainerTests {
    static let cases = ParityCase.committed("containers")

    @Test(arguments: cases)
    func agreesWithTheLibrary(fixture: ParityCase) throws {
        let comparison = try ParityComparison(fixture)
        #expect(comparison.differences.isEmpty, "\(comparison.differences.prefix(10).joined(separator: "\n"))")
    }

    @Test(arguments: [
        ("joblib_bz2", "joblib-bzip2"), ("joblib_xz", "joblib-xz"), ("joblib_lzma", "joblib-lzma"),
        ("joblib_lz4", "joblib-lz4"), ("joblib_zlib_fast", "joblib-zlib"), ("joblib_old_zf", "joblib-zf"),
        ("pickle_xz", "pickle-xz"), ("pickle_bz2_two_streams", "pickle-bzip2"),
        ("pickle_lz4_two_frames", "pickle-lz4"),
    ])
    func namesTheContainer(name: String, format: String) throws {
        let bytes = try #require(Self.cases.first { $0.name.hasSuffix("/" + name) }).modelBytes
        #expect(try ScikitLearnImporter().importModel(bytes.span).format == format)
    }

    @Test(
        .timeLimit(.minutes(5)), arguments: cases.filter { $0.name.contains("joblib_") || $0.name.contains("pickle_") })
    func refusesEveryTruncation(fixture: ParityCase) throws {
        let bytes = try fixture.modelBytes
        for length in 0..<bytes.count {
            let cut = Array(bytes[..<length])
            let error = importError { try ScikitLearnHostileTests.load(cut.span) }
            #expect(error != nil, "\(length) of \(bytes.count) bytes")
        }
    }

    @Test(
        arguments: [
            [0x5a, 0x46, 0x30], Array("ZF0x10".utf8),
            Array("ZF0xzz               ".utf8) + [0x78, 0x9c, 3, 0, 0, 0, 0, 1],
            Array("ZF0x1                ".utf8) + [0x78, 0x9c, 3, 0, 0, 0, 0, 1],
        ] as [[UInt8]])
    func refusesABrokenOldHeader(bytes: [UInt8]) {
        #expect(importError { _ = try SupportedFormats.importers.importModel(bytes.span) } != nil)
    }

    @Test func refusesWhatIsPackedTwice() throws {
        // gzip of gzip of nothing.
        let bytes: [UInt8] = [
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1, 0x14, 0, 0xeb, 0xff,
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]
        let error = try #require(importError { _ = try ScikitLearnImporter().importModel((bytes + Self.trailer).span) })
        #expect(error.kind == .unknownFormat || error.kind == .malformed)
    }

    /// Coefficients of hashed text are nearly all zeros, which pack a thousand times smaller.
    @Test func givesTheFirstMegabytesForFree() throws {
        let count = 20 << 20
        var program = PickleAssembler()
        program.raw([UInt8](repeating: 0, count: count))
        program.op(0x30, 0x4e)  // POP, NONE
        let packed = try deflated(program.finished)
        #expect(packed.count < count / 900)
        var limits = PickleLimits()
        let content = try PickleContainer.compressed(.zlib).unwrap(packed.span, limits: limits)
        #expect(content == program.finished)
        limits.freeInflatedBytes = 1 << 20
        let error = try #require(
            importError { _ = try PickleContainer.compressed(.zlib).unwrap(packed.span, limits: limits) })
        #expect(error.kind == .limit)
        #expect(error.remedy?.contains("compress=0") == true)
    }

    /// What a compressed file may name is bounded by its content, and beyond some millions by itself.
    @Test func boundsElementsOfCompressedFiles() {
        var limits = PickleLimits()
        limits.packedBytes = 10_000
        #expect(limits.elementsMax(fileBytes: 1 << 20) == limits.freeElements + 1 << 21)
        #expect(limits.elementsMax(fileBytes: 1 << 26) == limits.freeElements + limits.freePackedElements)
        limits.packedBytes = nil
        #expect(limits.elementsMax(fileBytes: 1 << 26) == limits.freeElements + 1 << 27)
    }

    private func deflated(_ bytes: [UInt8]) throws -> [UInt8] {
        var stream = try DeflateStream(.zlib, level: 9)
        var output: [UInt8] = []
        var start = 0
        var isDone = false
        while !isDone {
            output.append(addingCapacity: 4096) { target in
                let step = stream.deflate(bytes.span.extracting(start..<bytes.count), into: &target, flush: .finish)
                start += step.consumed
                isDone = step.isDone
            }
        }
        return output
    }

    /// CRC-32 and length of the inner gzip.
    private static let trailer: [UInt8] = [0, 0, 0, 0, 0x14, 0, 0, 0]

    @Test func refusesArraysInFilesOfTheirOwn() throws {
        for name in ["NDArrayWrapper", "ZNDArrayWrapper"] {
            var program = PickleAssembler()
            program.global("joblib.numpy_pickle", name)
            program.op(0x29, 0x81)
            let error = try #require(importError { _ = try describeRoot(program.finished) })
            #expect(error.kind == .unsupported)
            #expect(error.found.contains("a file beside this one"))
            #expect(error.remedy?.contains("joblib.dump") == true)
        }
    }

    @Test func namesTheTypesThatAreNotRead() throws {
        for (code, name) in [("f16", "longdouble"), ("M8[ns]", "datetime64"), ("V16", "a structured type")] {
            #expect(NumPyDataType(code: code)?.description == name)
        }
        var program = PickleAssembler()
        program.array("f16", shape: [1], data: [UInt8](repeating: 0, count: 16))
        let bytes = program.finished
        let document = try PickleMachine.read(bytes.span)
        let found = document.array(document.root)
        let array = try #require(found)
        var budget = 10
        var error: ImportError?
        do { _ = try document.doubles(array, place: "model.coef_", budget: &budget) } catch let caught {
            error = caught
        }
        #expect(error?.found == "an array of longdouble")
    }

    // MARK: Sparse matrices

    private static func sparse(
        _ form: String, shape: [Int] = [1, 2], _ parts: [(String, PythonValue)]
    ) -> PythonValue {
        let matrix = PythonValue.object(
            "scipy.sparse._\(form).\(form)_matrix", [("_shape", .tuple(shape.map { .integer($0) }))] + parts)
        return .estimator(
            "linear_model._ridge.Ridge",
            [("n_features_in_", .integer(2)), ("coef_", matrix), ("intercept_", .float(0))])
    }

    @Test(arguments: [
        sparse("csr", [("data", .vector([1])), ("indices", .vector([2])), ("indptr", .vector([0, 1]))]),
        sparse("csr", [("data", .vector([1])), ("indices", .vector([-1])), ("indptr", .vector([0, 1]))]),
        sparse("csr", [("data", .vector([1])), ("indices", .vector([0.5])), ("indptr", .vector([0, 1]))]),
        sparse("csr", [("data", .vector([1])), ("indices", .vector([0])), ("indptr", .vector([0, 2]))]),
        sparse("csr", [("data", .vector([1])), ("indices", .vector([0])), ("indptr", .vector([1, 1]))]),
        sparse("csr", [("data", .vector([1])), ("indices", .vector([0])), ("indptr", .vector([0, .nan]))]),
        sparse("csc", [("data", .vector([1, 1])), ("indices", .vector([0, 0])), ("indptr", .vector([0, 2, 1]))]),
        sparse("csc", [("data", .vector([1])), ("indices", .vector([0])), ("indptr", .vector([0, 1]))]),
        sparse("coo", [("data", .vector([1])), ("row", .vector([1])), ("col", .vector([0]))]),
        sparse("coo", [("data", .vector([1])), ("row", .vector([0])), ("col", .vector([0, 1]))]),
        sparse("coo", [("data", .vector([1]))]),
        sparse("dia", [("data", .vector([1])), ("offsets", .vector([0]))]),
        sparse("dia", [("data", .array([1, 2], shape: [1, 2])), ("offsets", .vector([0.5]))]),
        sparse("dia", [("data", .array([1, 2], shape: [1, 2])), ("offsets", .vector([0, 1]))]),
        sparse("lil", [("data", .vector([1]))]),
    ])
    func refusesBrokenSparseMatrices(model: PythonValue) throws {
        let error = try #require(ScikitLearnRefusalTests.refusal(model))
        #expect(error.place.hasPrefix("model.coef_"), "\(error)")
    }

    @Test func boundsTheShapeOfSparseMatrices() throws {
        let huge = Self.sparse(
            "coo", shape: [1 << 20, 1 << 20], [("data", .vector([])), ("row", .vector([])), ("col", .vector([]))])
        #expect(try #require(ScikitLearnRefusalTests.refusal(huge)).kind == .limit)
    }
}
