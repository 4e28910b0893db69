import ByteCoding
import Testing

@Suite struct JSONWriterTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func putsCommasWhereTheyAreDue() {
        let result = text { writer in
            writer.beginObject()
            writer.key("a")
            writer.beginArray()
            writer.number(Int64(-1))
            writer.number(UInt64.max)
            writer.number(1.0)
            writer.number(Float(0.1))
            writer.beginArray()
            writer.endArray()
            writer.beginObject()
            writer.endObject()
            writer.endArray()
            writer.key("b")
            writer.null()
            writer.key("c")
            writer.rawValue("[true]")
            writer.key("d")
            writer.bool(false)
            writer.endObject()
        }
        #expect(result == #"{"a":[-1,18446744073709551615,1.0,0.1,[],{}],"b":null,"c":[true],"d":false}"#)
    }

    @Test func writesNonFiniteNumbersAsNull() {
        let result = text { writer in
            writer.beginArray()
            for value in [Double.nan, .infinity, -.infinity] { writer.number(value) }
            for value in [Float.nan, .infinity] { writer.number(value) }
            writer.endArray()
        }
        #expect(result == "[null,null,null,null,null]")
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("", #""""#), ("\"", #""\"""#),
        ("a\\b\n\r\t\u{1}\u{1f}\u{7f}", "\"a\\\\b\\n\\r\\t\\u0001\\u001f\u{7f}\""),
        ("é😀", "\"é😀\""),
    ])
    func escapesWhatMustBe(string: String, expected: String) throws {
        #expect(text { $0.string(string) } == expected)
        let decoded = read(expected) { reader throws(JSONError) in
            let token = try reader.readString()
            return reader.string(token)
        }
        #expect(decoded == .success(string))
    }

    @Test func keepsItsRoomWhenReset() {
        var writer = JSONWriter(capacity: 1000)
        writer.string("abc")
        let capacity = writer.bytes.capacity
        writer.reset()
        writer.number(Int64(5))
        #expect(writer.bytes == [0x35])
        #expect(writer.bytes.capacity == capacity)
        #expect(writer.take() == [0x35])
        #expect(writer.bytes.isEmpty)
    }
}
