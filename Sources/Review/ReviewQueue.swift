import Glibc
import JSONText

/// The findings that wait for a decision, in the order in which they should be looked at.
public struct ReviewQueue: Sendable {
    /// One finding of one record.
    public struct Item: Sendable {
        /// The line of `queue.jsonl`.
        let line: Int
        /// The place of the finding in it.
        let finding: Int
        /// The record, counted from 0.
        public let row: Int
        /// The finding's code.
        public let code: String
    }

    /// All of them.
    public let items: [Item]
    private let lines: [JSONValue]
    private let numbers: [String: Int]

    /// Reads `queue.jsonl`.
    ///
    /// - Throws: `ReviewError` that names file, line, what was found and what is expected.
    public init(path: String) throws {
        guard let bytes = ReviewQueue.bytes(path) else {
            throw ReviewError(
                "\(path): cannot be read: \(String(cString: strerror(errno)))",
                help: "name the folder of a report: assay run DATA --out DIR, then assay review DIR"
            )
        }
        try self.init(bytes, path: path)
    }

    /// Reads the lines of a queue; `path` is what errors call it.
    public init(_ bytes: [UInt8], path: String) throws {
        var lines: [JSONValue] = []
        var items: [Item] = []
        var numbers: [String: Int] = [:]
        for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated() where line.contains(where: { $0 > 0x20 })
        {
            let value = try? JSONValue(parsing: Array(line))
            guard let value, let row = value["row_index"]?.intValue, row >= 0,
                let findings = value["findings"]?.arrayValue
            else {
                throw ReviewError(
                    "\(path) line \(number + 1): is no record of a queue, expected \"row_index\" and \"findings\"",
                    help: "run assay run again to write it anew")
            }
            for (place, finding) in findings.enumerated() {
                guard let code = finding["code"]?.stringValue else { continue }
                let key = "\(row) \(code)"
                // Of two findings of a kind in one record one decision speaks.
                guard numbers[key] == nil else { continue }
                numbers[key] = items.count
                items.append(Item(line: lines.count, finding: place, row: row, code: code))
            }
            lines.append(value)
        }
        (self.items, self.lines, self.numbers) = (items, lines, numbers)
    }

    /// The number of a finding's item; `nil` when it does not wait here.
    public func number(_ row: Int, _ code: String) -> Int? { numbers["\(row) \(code)"] }

    /// The first decision that is about another record than the one that waits here, by its number.
    public func foreign(_ decisions: [Decision]) -> Int? {
        var contents: [Int: String] = [:]
        for line in lines {
            if let row = line["row_index"]?.intValue {
                contents[row] = line["content"]?.stringValue
            }
        }
        return decisions.firstIndex { decision in
            guard let own = decision.content, let known = contents[decision.row] else {
                return false
            }
            return own != known
        }
    }

    /// The hash of an item's record.
    func content(_ number: Int) -> String? {
        lines[items[number].line]["content"]?.stringValue
    }

    /// What the page shows of an item.
    func json(_ number: Int, decision: Decision?) -> JSONValue {
        let item = items[number]
        var object = lines[item.line].objectValue ?? [:]
        object["number"] = JSONValue(number)
        object["finding"] = JSONValue(item.finding)
        object["decision"] = decision?.json ?? .null
        return .object(object)
    }

    /// Labels that records and suggestions have, by their names.
    var labels: [String] {
        var labels: Set<String> = []
        for line in lines {
            for field in line["record"]?.arrayValue ?? [] where field["column"] == "label" {
                if let text = field["text"]?.stringValue { labels.insert(text) }
            }
            for finding in line["findings"]?.arrayValue ?? [] {
                let suggestion = finding["suggestion"]
                if suggestion?["column"] == "label", let text = suggestion?["text"]?.stringValue {
                    labels.insert(text)
                }
            }
        }
        return labels.filter { !$0.isEmpty }.sorted()
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(file, &piece, piece.count)
            if count < 0 { return nil }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }
}
