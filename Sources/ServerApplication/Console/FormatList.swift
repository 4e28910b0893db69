internal import ModelFormats

/// `vencejo formats`: the classes that are read, from the code's own lists.
public enum FormatList {
    /// For a terminal.
    public static var text: String {
        var lines: [String] = []
        for family in SupportTable.scikitLearn {
            lines.append(family.title)
            for row in family.rows {
                lines.append("  " + wrapped(row.classNames.joined(separator: " "), indent: 2))
                lines.append("      " + row.methodNames.joined(separator: ", "))
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The generated part of `docs/formats.md`.
    public static var markdown: String { SupportTable.markdown }

    private static func wrapped(_ text: String, indent: Int) -> String {
        var result = ""
        var column = indent
        for word in text.split(separator: " ") {
            if column + word.count + 1 > 80, column > indent {
                result += "\n" + String(repeating: " ", count: indent)
                column = indent
            } else if column > indent {
                result += " "
                column += 1
            }
            result += word
            column += word.count
        }
        return result
    }
}
