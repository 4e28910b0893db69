/// The outputs that a request asks for, in its order. None chosen: all of the model's, in the model's order.
package struct RequestedOutputs: Sendable {
    /// One of them.
    struct Choice {
        /// Among the model's outputs.
        let output: Int
        /// Asked for by the name that other servers give it, and answered by that.
        let isAlias: Bool
        /// Whether it is to be binary; nil where the request as a whole says.
        let isBinary: Bool?
    }

    /// Outputs that one request may ask for by name. Models have two or three.
    static let countMax = 16

    /// | bits | 0...4 | 5 | 6 | 7 |
    /// |---|---|---|---|---|
    /// | | output | alias | says whether binary | binary |
    private var entries = InlineArray<16, UInt8>(repeating: 0)
    private(set) var count = 0

    subscript(place: Int) -> Choice {
        let entry = entries[place]
        return Choice(
            output: Int(entry & 31), isAlias: entry & 32 != 0, isBinary: entry & 64 != 0 ? entry & 128 != 0 : nil)
    }

    func contains(_ output: Int, isAlias: Bool) -> Bool {
        for place in 0..<count where self[place].output == output && self[place].isAlias == isAlias { return true }
        return false
    }

    /// - Returns: false where there are as many as may be.
    mutating func append(_ choice: Choice) -> Bool {
        guard count < Self.countMax, choice.output < 32 else { return false }
        entries[count] =
            UInt8(choice.output) | (choice.isAlias ? 32 : 0) | (choice.isBinary == nil ? 0 : 64)
            | (choice.isBinary == true ? 128 : 0)
        count += 1
        return true
    }
}
