import TensorCore
import Testing

@Suite struct ShapeTests {
    @Test func multipliesItsExtents() {
        #expect(Shape([])?.elementCount == 1)
        #expect(Shape([2, 3, 4])?.elementCount == 24)
        #expect(Shape([5, 0, 7])?.elementCount == 0)
        #expect(Shape([2, 3])?.description == "[2, 3]")
    }

    @Test(arguments: [[-1], [2, -3], [.max, 2], [1 << 32, 1 << 32], [3, .max]])
    func refusesNegativeExtentsAndOverflow(_ extents: [Int]) {
        #expect(Shape(extents) == nil)
    }

    @Test func viewsExactlyItsBytes() throws {
        let shape = try #require(Shape([2, 3]))
        #expect(TensorView(name: "x", elementType: .float32, shape: shape, byteRange: 8..<32) != nil)
        #expect(TensorView(name: "x", elementType: .float32, shape: shape, byteRange: 8..<31) == nil)
        #expect(TensorView(name: "x", elementType: .string, shape: shape, byteRange: 0..<3) != nil)
        let large = try #require(Shape([1 << 61]))
        #expect(TensorView(name: "x", elementType: .float64, shape: large, byteRange: 0..<0) == nil)
    }

    @Test func namesClassesAsText() {
        #expect(ClassLabels.integers([-3]).text(at: 0) == "-3")
        #expect(ClassLabels.doubles([1.5]).text(at: 0) == "1.5")
        #expect(ClassLabels.booleans([false, true]).text(at: 1) == "true")
        #expect(ClassLabels.strings(["a"]).text(at: 0) == "a")
        #expect(ClassLabels.strings(["a", "b"]).count == 2)
    }
}
