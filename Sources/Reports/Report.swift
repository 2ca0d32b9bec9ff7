public import JSONText
public import Orchestrator
public import Records

/// Everything a report says.
///
/// Pure: nothing here reads a clock, a file or the environment.
public struct Report: Sendable {
    /// One dataset of the run.
    public struct Dataset: Sendable {
        /// What it is.
        public var role: Role
        /// As JSON: name, format, schema, bytes, digest, records of each file.
        public var files: [JSONValue]
        /// Records read.
        public var recordCount: Int
        /// Records that could not be read.
        public var rejectedCount: Int
        /// Bytes after decompression.
        public var byteCount: Int
        /// SHA-256 of those bytes in hexadecimal; of several files the digest of their digests.
        public var sha256: String
        /// The schema, or `mixed`.
        public var schema: String
        /// Where its vectors came from and how many from where; `nil` without vectors.
        public var embeddings: JSONValue?

        /// Makes a dataset.
        public init(
            role: Role, files: [JSONValue], recordCount: Int, rejectedCount: Int, byteCount: Int,
            sha256: String, schema: String, embeddings: JSONValue? = nil
        ) {
            self.role = role
            self.files = files
            self.recordCount = recordCount
            self.rejectedCount = rejectedCount
            self.byteCount = byteCount
            self.sha256 = sha256
            self.schema = schema
            self.embeddings = embeddings
        }
    }

    /// One gate.
    public struct Gate: Sendable {
        /// As stated.
        public var expression: String
        /// The metrics it names, with their values.
        public var value: JSONValue
        /// Whether it holds no failure.
        public var passed: Bool

        /// Makes a gate.
        public init(expression: String, value: JSONValue, passed: Bool) {
            self.expression = expression
            self.value = value
            self.passed = passed
        }
    }

    /// Version, command, seed and configuration hash.
    public var run: JSONObject
    /// The datasets by role.
    public var datasets: [Dataset]
    /// How each analyzer ended, in order.
    public var results: [AnalyzerResult]
    /// Gates in the order stated.
    public var gates: [Gate] = []

    /// Metrics of the rounds of a loop before this one, the first of the data as it was.
    public var earlierRounds: [[Metric]] = []

    /// Makes a report.
    public init(run: JSONObject, datasets: [Dataset], results: [AnalyzerResult]) {
        self.run = run
        self.datasets = datasets
        self.results = results
    }

    /// Every metric by round, the last of this report; empty where there was one analysis.
    public var rounds: [(name: String, values: [Double?])] {
        guard !earlierRounds.isEmpty else { return [] }
        let all = earlierRounds + [results.flatMap(\.output.metrics)]
        var names: [String] = []
        for metric in all.joined() where !names.contains(metric.name) { names.append(metric.name) }
        return names.map { name in
            (name, all.map { metrics in metrics.first { $0.name == name }?.value })
        }
    }

    /// The strategies' scores, 0 to 1.
    public var scores: [(strategy: String, value: Double)] {
        results.compactMap { result in
            result.output.metrics.first { $0.name == "\(result.identity.strategy).score" }
                .map { (result.identity.strategy, $0.value) }
        }
    }

    /// What a score's help calls it in plain words, before a colon: "clean records: share without …".
    static func plainName(of help: String) -> String? {
        guard let colon = help.firstIndex(of: ":"), help[colon...].hasPrefix(": ") else {
            return nil
        }
        let name = help[..<colon]
        return (1...48).contains(name.count) ? String(name) : nil
    }

    /// Name of a code: the host's own or the analyzer's.
    public static func name(of code: String, _ identity: AnalyzerIdentity) -> String {
        HostCode.of(code)?.name ?? identity.codeNames[code] ?? code
    }

    /// What a code finds, in plain words: its author's title, or its name without hyphens.
    public static func title(of code: String, _ identity: AnalyzerIdentity) -> String {
        HostCode.of(code)?.title ?? identity.codeNotes[code]?.title
            ?? String(name(of: code, identity).map { $0 == "-" ? " " : $0 })
    }

    /// What was found under one code, with its worst finding as the example.
    public struct Problem: Sendable {
        /// Such as `NSE001`.
        public let code: String
        /// Such as `empty-response`.
        public let name: String
        /// Such as "responses without text".
        public let title: String
        /// Findings.
        public let count: Int
        /// The severity of the worst.
        public let severity: Severity
        /// Whether the worst is about the dataset and not about a record.
        public let isAboutDataset: Bool
        /// The message of the worst.
        public let example: String

        /// The order in which problems are told: the severe first; of these what is about the dataset, then
        /// what is about most records.
        var rank: (Int32, Int, Int, String) {
            (-severity.rawValue, isAboutDataset ? 0 : 1, -count, code)
        }
    }

    /// Problems, the worst first.
    public var problems: [Problem] {
        var found: [String: (identity: AnalyzerIdentity, count: Int, worst: Finding)] = [:]
        for result in results {
            for finding in result.allFindings {
                guard let entry = found[finding.code] else {
                    found[finding.code] = (result.identity, 1, finding)
                    continue
                }
                let isWorse =
                    (entry.worst.severity.rawValue, entry.worst.score)
                    < (finding.severity.rawValue, finding.score)
                found[finding.code] = (
                    entry.identity, entry.count + 1, isWorse ? finding : entry.worst
                )
            }
        }
        // Findings of one code beyond those that are kept.
        for result in results {
            for (code, count) in result.output.truncated { found[code]?.count += count }
        }
        return found.map {
            Problem(
                code: $0.key, name: Report.name(of: $0.key, $0.value.identity),
                title: Report.title(of: $0.key, $0.value.identity), count: $0.value.count,
                severity: $0.value.worst.severity, isAboutDataset: $0.value.worst.row == nil,
                example: $0.value.worst.message)
        }
        .sorted { $0.rank < $1.rank }
    }

    /// A line for people on each dataset's vectors.
    var embeddingLines: [String] {
        datasets.compactMap { dataset in
            guard let embeddings = dataset.embeddings else { return nil }
            func count(_ key: String) -> Int { embeddings[key]?.intValue ?? 0 }
            let parts = [
                ("of words it does not know, by their characters", count("by_characters")),
                ("without text", count("empty")),
            ].filter { $0.1 > 0 }.map { ", \($0.1) \($0.0)" }.joined()
            return
                "\(dataset.role.name): embeddings by \(embeddings["origin"]?.stringValue ?? "") of "
                + "\(count("dimensions")) dimensions\(parts)"
        }
    }

    /// `report.json`.
    public var json: JSONValue {
        var object: JSONObject = [
            "schema": "assay.report/1", "run": .object(run),
            "datasets": .array(
                datasets.map { dataset in
                    var object: JSONObject = [
                        "role": .string(dataset.role.name), "files": .array(dataset.files),
                        "records": JSONValue(dataset.recordCount),
                        "rejected": JSONValue(dataset.rejectedCount),
                        "bytes": JSONValue(dataset.byteCount),
                        "sha256": .string(dataset.sha256),
                        "detected_schema": .string(dataset.schema),
                    ]
                    if let embeddings = dataset.embeddings { object["embeddings"] = embeddings }
                    return .object(object)
                }),
            "analyzers": .array(results.map(Report.json)),
            "summary": .object([
                "scores": .object(JSONObject(scores.map { ($0.strategy, .number($0.value)) })),
                "top_problems": .array(
                    problems.prefix(10).map {
                        .object([
                            "code": .string($0.code), "name": .string($0.name),
                            "title": .string($0.title),
                            "count": JSONValue($0.count), "severity": .string($0.severity.name),
                        ])
                    }),
                "plan_summary": .object(
                    JSONObject(actionCounts.map { ($0.key, JSONValue($0.value)) })),
            ]),
            "gates": .array(
                gates.map {
                    .object([
                        "expression": .string($0.expression), "value": $0.value,
                        "passed": .bool($0.passed),
                    ])
                }),
        ]
        if !earlierRounds.isEmpty {
            object["rounds"] = .object(
                JSONObject(
                    rounds.map { round in
                        (round.name, .array(round.values.map { $0.map { .number($0) } ?? .null }))
                    }))
        }
        return .object(object)
    }

    /// Proposals by action.
    private var actionCounts: [(key: String, value: Int)] {
        var counts: [String: Int] = [:]
        for result in results {
            for proposal in result.output.proposals where proposal.changesItsRow {
                counts[proposal.action.name, default: 0] += 1
            }
        }
        return counts.sorted { $0.key < $1.key }
    }

    private static func json(_ result: AnalyzerResult) -> JSONValue {
        var counts: [String: Int] = [:]
        for finding in result.allFindings {
            counts[finding.code, default: 0] += 1
        }
        for (code, count) in result.output.truncated { counts[code, default: 0] += count }
        return .object([
            "id": .string(result.identity.id), "strategy": .string(result.identity.strategy),
            "plugin": .string(result.identity.plugin), "version": .string(result.identity.version),
            "plugin_digest": .string(result.identity.digest),
            "status": .string(result.status.rawValue),
            "error": result.error.map { .string($0) } ?? .null,
            "metrics": .array(
                result.output.metrics.map { metric in
                    .object([
                        "name": .string(metric.name), "value": .number(metric.value),
                        "unit": .string(metric.unit), "n": JSONValue(metric.n),
                        "low": metric.interval.map { .number($0.lowerBound) } ?? .null,
                        "high": metric.interval.map { .number($0.upperBound) } ?? .null,
                        "direction": .string(metric.direction.name), "help": .string(metric.help),
                    ])
                }),
            "sections": .array(
                result.output.sections.map {
                    .object(["kind": .string($0.kind), "title": .string($0.title), "body": $0.body])
                }),
            "scores": .array(result.output.scores.map { ScoreSummary($0, result).json }),
            "findings_by_code": .object(
                JSONObject(counts.sorted { $0.key < $1.key }.map { ($0.key, JSONValue($0.value)) })),
            "truncated": .object(
                JSONObject(
                    result.output.truncated.sorted { $0.key < $1.key }.map {
                        ($0.key, JSONValue($0.value))
                    })),
        ])
    }
}
