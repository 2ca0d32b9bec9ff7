import JSONText
import PluginHost

/// Decisions of a review: one JSON object a line.
struct ReviewFile {
    private static let decisions = ["accept", "reject", "relabel"]

    /// The decisions, as the setting `review` of every analyzer that has it.
    let setting: StatedSetting

    /// Reads and checks a file.
    ///
    /// - Throws: `UsageError` naming the line, what was found and what is expected.
    init(path: String) throws {
        guard let bytes = FileBytes.read(path) else {
            throw UsageError("\(path): cannot be read", help: "check the path of --review")
        }
        var entries: [JSONValue] = []
        var lines: [Int] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated() where line.contains(where: { $0 > 0x20 })
        {
            let place = "\(path) line \(index + 1)"
            let entry: JSONValue
            do {
                entry = try JSONValue(parsing: Array(line))
            } catch {
                throw UsageError(
                    "\(place): \(error)", help: "a review file has one JSON object a line")
            }
            try ReviewFile.check(entry, place)
            entries.append(entry)
            lines.append(index + 1)
        }
        setting = StatedSetting(owner: nil, key: "review", value: .array(entries)) { steps in
            let number = steps.dropFirst().first.flatMap { Int($0) }
            return number.flatMap { lines.indices.contains($0) ? "\(path) line \(lines[$0])" : nil }
                ?? path
        }
    }

    private static func check(_ entry: JSONValue, _ place: String) throws {
        func fault(_ key: String, _ expected: String) -> UsageError {
            let found = entry[key].map { "is \($0.text)" } ?? "is missing"
            return UsageError(
                "\(place): \"\(key)\" \(found), expected \(expected)",
                help:
                    "for example {\"row_index\": 12, \"code\": \"NSE041\", \"decision\": \"reject\"}"
            )
        }
        guard let row = entry["row_index"]?.intValue, row >= 0 else {
            throw fault("row_index", "the number of a record, from 0")
        }
        guard entry["code"]?.stringValue?.isEmpty == false else {
            throw fault("code", "the code of a finding")
        }
        guard let decision = entry["decision"]?.stringValue, decisions.contains(decision) else {
            throw fault("decision", decisions.joined(separator: ", "))
        }
        if decision == "relabel", entry["label"]?.stringValue?.isEmpty != false {
            throw fault("label", "the right label")
        }
    }
}
