internal import ByteCoding

extension JSONWriter {
    /// Closes the outermost object, with a line end for those who read it in a terminal.
    package mutating func endDocument() {
        endObject()
        raw("\n")
    }

    package mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func member(_ name: String, _ value: Int) {
        key(name)
        number(Int64(value))
    }

    package mutating func member(_ name: String, _ value: Double) {
        key(name)
        number(value)
    }

    package mutating func member(_ name: String, _ values: [String]) {
        key(name)
        beginArray()
        for value in values { string(value) }
        endArray()
    }
}
