public import Foundation
public import JSONText

/// Reads a report folder.
public struct ReportReader {
    /// The folder.
    public let folder: URL

    /// A reader of a folder.
    public init(_ folder: String) { self.folder = URL(fileURLWithPath: folder) }

    /// `report.json` without the fields that hold time and memory.
    public func timelessReport() throws -> String {
        var document = try report().objectValue ?? JSONObject()
        var run = document["run"]?.objectValue ?? JSONObject()
        for key in ["started", "seconds", "peak_memory_bytes"] {
            guard run[key] != nil else { throw Missing(key: key) }
            run[key] = nil
        }
        document["run"] = .object(run)
        return JSONValue.object(document).text
    }

    /// `report.json`.
    public func report() throws -> JSONValue { try JSONValue(parsing: text("report.json")) }

    /// `status` of every analyzer, by id.
    public func statuses() throws -> [String: String] {
        let analyzers = try report()["analyzers"]?.arrayValue ?? []
        return Dictionary(
            uniqueKeysWithValues: analyzers.compactMap { analyzer in
                guard let id = analyzer["id"]?.stringValue,
                    let status = analyzer["status"]?.stringValue
                else { return nil }
                return (id, status)
            })
    }

    /// The lines of `findings.jsonl`, `rows.jsonl` or `rejected.jsonl`.
    public func lines(_ name: String) throws -> [JSONValue] {
        try text(name).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    /// A file as text.
    public func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }

    /// A field that every report has is not there.
    public struct Missing: Error {
        /// Its key.
        public let key: String
    }
}
