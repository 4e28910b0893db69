import TensorCore
import Testing

@Suite struct RowLayoutTests {
    @Test(arguments: [0, 1, 2, 3, 50, 1000]) func findsEveryNameWithAnyHint(_ count: Int) {
        let layout = RowLayout(columns: (0..<count).map { Column(name: "column \($0)", kind: .float64) })
        for index in 0..<count {
            let name = Array("column \(index)".utf8)
            for hint in [-1, 0, index, index + 1, count, .max] {
                #expect(layout.index(ofName: name.span, hint: hint) == index)
            }
        }
        for unknown in ["", "column", "column -1", "column \(count)", "Column 0", "column 0 "] {
            #expect(layout.index(ofName: unknown) == nil)
        }
    }

    @Test func findsTheEmptyNameButNotAColumnWithoutOne() {
        let named = RowLayout(columns: [Column(name: "", kind: .float64)])
        #expect(named.index(ofName: "") == 0)
        let bare = RowLayout(columns: [Column(name: nil, kind: .float64), Column(name: nil, kind: .float64)])
        let empty: [UInt8] = []
        #expect(bare.index(ofName: empty.span, hint: 0) == nil)
        #expect(bare.index(ofName: "x") == nil)
    }

    /// LightGBM writes underscores for blanks.
    @Test func takesBlanksForUnderscoresWhereTheColumnDoes() {
        func column(_ name: String, _ takesBlanks: Bool) -> Column {
            var column = Column(name: name, kind: .float64)
            column.takesBlanksForUnderscores = takesBlanks
            return column
        }
        let layout = RowLayout(columns: [column("a_b c", false), column("d_e_f", true), column("g_h", false)])
        #expect(layout.index(ofName: "d e f") == 1)
        #expect(layout.index(ofName: "d e_f") == 1)
        #expect(layout.index(ofName: "d_e_f") == 1)
        #expect(layout.index(ofName: "a_b c") == 0)
        for unknown in ["g h", "a b c", "d  e f", "d-e_f"] { #expect(layout.index(ofName: unknown) == nil) }
        let both = RowLayout(columns: [column("x_y", true), column("x y", false)])
        #expect(both.index(ofName: "x y") == 1)
        #expect(both.index(ofName: "x_y") == 0)
    }

    @Test func findsTheFirstOfTwoEqualNames() {
        let layout = RowLayout(columns: [Column(name: "a", kind: .float64), Column(name: "a", kind: .string)])
        #expect(layout.index(ofName: "a") == 0)
    }

    @Test func needsABitmapOnlyWhereAKindHasNoNotANumber() {
        let doubles = RowLayout(columns: (0..<100).map { _ in Column(name: nil, kind: .float64) })
        #expect(doubles.missingWordsPerRow == 0)
        let mixed = (0..<65).map { Column(name: nil, kind: $0 == 64 ? .string : .float64) }
        #expect(RowLayout(columns: mixed).missingWordsPerRow == 2)
    }
}
