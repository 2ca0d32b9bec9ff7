import JSONText

/// Topics that were found in data, as a taxonomy to edit.
struct TopicFile {
    /// The file's text.
    let text: String
    /// Number of topics.
    let topicCount: Int

    /// Makes a file of the coverage plugin's table of topics: name, records, examples.
    init(_ table: JSONValue, target: Int) {
        var lines = [
            "# Topics found in the data; edit the names, join what belongs together, add what is missing.",
            "# The next run puts a record where it is most like the examples.", "taxonomy: 1",
            "target: \(target)", "dimensions:", "  - name: topic", "    categories:",
        ]
        var names: Set<String> = []
        let rows = (table["rows"]?.arrayValue ?? []).compactMap(\.arrayValue)
        for row in rows where row.count > 2 {
            var name = row[0].stringValue ?? ""
            var number = 2
            while !names.insert(name).inserted {
                name = "\(row[0].stringValue ?? "") (\(number))"
                number += 1
            }
            // A JSON text is a YAML text.
            lines.append("      - name: \(JSONValue.string(name).text)")
            lines.append("        # about \(row[1].intValue ?? 0) records")
            lines.append("        examples:")
            lines += row.dropFirst(2).compactMap(\.stringValue).map {
                "          - \(JSONValue.string($0).text)"
            }
        }
        topicCount = names.count
        text = lines.joined(separator: "\n") + "\n"
    }
}
