/// What is read, as the code's own lists have it: for `vencejo formats` and the tables of `docs/formats.md`.
package enum SupportTable {
    /// A group of classes that belong together.
    package struct Family: Sendable {
        package let title: String
        package let rows: [Row]
    }

    /// Classes with the same methods.
    package struct Row: Sendable {
        package let classNames: [String]
        /// The library's names, such as `predict_proba`.
        package let methodNames: [String]
    }

    /// The classes of scikit-learn, by family.
    package static let scikitLearn: [Family] = EstimatorClass.families.map { family in
        var rows: [Row] = []
        for entry in family.classes {
            // A private class only occurs within others.
            if entry.names.allSatisfy({ $0.hasPrefix("_") }) { continue }
            // One row for neighbours in the list with the same methods.
            if let last = rows.last, last.methodNames == entry.methodNames {
                rows[rows.count - 1] = Row(
                    classNames: last.classNames + entry.names, methodNames: last.methodNames)
            } else {
                rows.append(Row(classNames: entry.names, methodNames: entry.methodNames))
            }
        }
        return Family(title: family.title, rows: rows)
    }

    /// As Markdown tables.
    package static var markdown: String {
        var lines: [String] = []
        for family in scikitLearn {
            lines += ["### \(family.title)", "", "| classes | methods |", "|---|---|"]
            for row in family.rows {
                let classes = row.classNames.map { "`\($0)`" }.joined(separator: ", ")
                lines.append("| \(classes) | \(row.methodNames.joined(separator: ", ")) |")
            }
            lines.append("")
        }
        return lines.dropLast().joined(separator: "\n")
    }
}
