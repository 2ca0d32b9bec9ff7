import Foundation
import JSONText
import Support

/// A run of diversity alone, and what it said.
struct DiversityRun {
    let metrics: [String: Metric]
    let findings: [JSONValue]
    let proposals: [JSONValue]

    struct Metric {
        let value: Double
        let interval: ClosedRange<Double>?
    }

    /// A record by its fields.
    typealias Record = [(key: String, value: String)]

    static func line(_ record: Record) -> String {
        var object: JSONObject = [:]
        for (key, value) in record { object[key] = .string(value) }
        return JSONValue.object(object).text
    }

    init(
        _ records: [Record], eval: [Record] = [], reference: [Record] = [],
        _ settings: [String] = []
    ) throws {
        let folder = try TemporaryFolder()
        func write(_ name: String, _ records: [Record]) throws -> String {
            try folder.write(
                name, records.map { DiversityRun.line($0) + "\n" }.joined())
        }
        var arguments = [
            "run", try write("data.jsonl", records), "--plugins", "diversity", "--quiet", "--out",
            folder.path("report"),
        ]
        if !eval.isEmpty { arguments += ["--eval", try write("eval.jsonl", eval)] }
        if !reference.isEmpty {
            arguments += ["--reference", try write("reference.jsonl", reference)]
        }
        for setting in settings { arguments += ["--set", "diversity.\(setting)"] }
        let ending = try Program.assay(arguments)
        guard ending.status == 0 else { throw Failure(message: ending.errors) }
        let report = ReportReader(folder.path("report"))
        findings = try report.lines("findings.jsonl")
        proposals = try report.lines("proposals.jsonl")
        var metrics: [String: Metric] = [:]
        for analyzer in try report.report()["analyzers"]?.arrayValue ?? [] {
            for metric in analyzer["metrics"]?.arrayValue ?? [] {
                guard let name = metric["name"]?.stringValue,
                    let value = metric["value"]?.doubleValue
                else { continue }
                var interval: ClosedRange<Double>?
                if let low = metric["low"]?.doubleValue, let high = metric["high"]?.doubleValue {
                    interval = low...high
                }
                metrics[name] = Metric(value: value, interval: interval)
            }
        }
        self.metrics = metrics
    }

    struct Failure: Error {
        let message: String
    }

    /// The removed rows with the row that stays for each and the similarity.
    var copies: [(row: Int, survivor: Int, similarity: Double)] {
        findings.compactMap { finding in
            guard ["DIV001", "DIV002"].contains(finding["code"]?.stringValue ?? ""),
                let row = finding["row_index"]?.intValue,
                let survivor = finding["evidence"]?["surviving_row_index"]?.intValue,
                let similarity = finding["evidence"]?["similarity"]?.doubleValue
            else { return nil }
            return (row, survivor, similarity)
        }
    }
}
