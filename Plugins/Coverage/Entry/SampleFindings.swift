import AssayKit
import JSONText
import Numerics

/// What the first pass has found out, carried to the end of the second.
struct SampleFindings {
    private let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    /// Collects them.
    struct Builder {
        private var sections: [JSONValue] = []
        private var metrics: [JSONValue] = []
        private var findings: [JSONValue] = []

        var value: JSONValue {
            .object([
                "sections": .array(sections), "metrics": .array(metrics),
                "findings": .array(findings),
            ])
        }

        mutating func section(_ kind: String, _ title: String, _ body: JSONValue) {
            sections.append(
                .object(["kind": .string(kind), "title": .string(title), "body": body]))
        }

        mutating func metric(
            _ name: String, _ value: Double, n: Int, direction: Int, isShare: Bool, _ help: String
        ) {
            metrics.append(
                .object([
                    "name": .string(name), "value": .number(value), "n": JSONValue(n),
                    "direction": JSONValue(direction), "is_share": .bool(isShare),
                    "help": .string(help),
                ]))
        }

        mutating func finding(
            _ code: String, _ message: String, score: Double, _ evidence: JSONValue
        ) {
            findings.append(
                .object([
                    "code": .string(code), "message": .string(message), "score": .number(score),
                    "evidence": evidence,
                ]))
        }
    }

    /// Says them; a region that the data lacks is also a request for records.
    func report(to sink: Sink) throws {
        for metric in value["metrics"]?.arrayValue ?? [] {
            let (value, n) = (metric["value"]?.doubleValue ?? 0, metric["n"]?.intValue ?? 0)
            var stated = Metric(
                metric["name"]?.stringValue ?? "", value, unit: "ratio", n: n,
                direction: Direction(rawValue: Int32(metric["direction"]?.intValue ?? 0)) ?? .none,
                help: metric["help"]?.stringValue ?? "")
            if metric["is_share"]?.boolValue == true {
                let count = Int((value * Double(n)).rounded())
                let bounds = Quantiles.wilsonInterval(count: count, of: n)
                stated.unit = "share"
                stated.interval = bounds.low...bounds.high
            }
            try sink.state(stated)
        }
        for section in value["sections"]?.arrayValue ?? [] {
            try sink.show(
                section["kind"]?.stringValue ?? "", section["title"]?.stringValue ?? "",
                section["body"] ?? .null)
        }
        for entry in value["findings"]?.arrayValue ?? [] {
            let code = entry["code"]?.stringValue ?? ""
            var finding = Finding(
                code: code, row: nil, message: entry["message"]?.stringValue ?? "")
            finding.severity = .high
            finding.score = entry["score"]?.doubleValue ?? 0
            finding.evidence = entry["evidence"] ?? .null
            try sink.report(finding)
            let wanted = finding.evidence["wanted"]?.intValue ?? 0
            guard wanted > 0 else { continue }
            var proposal = Proposal(.augment, row: nil, code: code)
            proposal.number = Double(wanted)
            proposal.text = "region: \(finding.evidence["region"]?.stringValue ?? "")"
            try sink.propose(proposal)
        }
    }
}
