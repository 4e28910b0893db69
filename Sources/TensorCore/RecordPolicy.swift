/// How a record by name is matched with a model's columns.
package struct RecordPolicy: Sendable, Hashable {
    package enum UnknownFields: String, Sendable, Hashable, CaseIterable {
        /// A field that the model does not have is an error: it may be a column's name misspelt.
        case refuse
        case ignore
    }

    package enum AbsentFields: String, Sendable, Hashable, CaseIterable {
        /// A field that is left out is a missing value, and an error only where the model has no rule for those.
        case missing
        /// A missing value has to be sent as null.
        case refuse
    }

    package var unknownFields: UnknownFields
    package var absentFields: AbsentFields

    package init(unknownFields: UnknownFields = .refuse, absentFields: AbsentFields = .missing) {
        self.unknownFields = unknownFields
        self.absentFields = absentFields
    }
}
