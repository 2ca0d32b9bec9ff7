import AssayKit
import CoverageAlgorithm
import JSONText
import Numerics

/// The sampled texts of data and reference as vectors.
struct EmbeddedSample {
    private let host: HostServices
    private let embedder: Embedder?
    private let data: [SampledTexts.Row]
    private let reference: [SampledTexts.Row]
    private let handTexts: [(row: Int, text: [UInt8])]
    private let hand: HandLabels
    private let rowCount: Int

    init(_ partial: CoveragePartial, _ taxonomy: Taxonomy, _ host: HostServices) {
        self.host = host
        let needsData = taxonomy.dimensions.contains { $0.kind == .topics || $0.hasExamples }
        reference = partial.reference.rows
        data = needsData || !reference.isEmpty ? partial.data.rows : []
        handTexts = partial.handTexts
        hand = partial.hand
        rowCount = partial.signatures.dataCount
        embedder = data.isEmpty ? nil : host.embedder()
    }

    /// The vector of a text; `nil` where the run has no table to make it with.
    private func vector(_ text: [UInt8]) throws -> [Float]? {
        try embedder?.vector(of: String(decoding: text, as: UTF8.self))
    }

    /// Vectors of rows: those that the host passed, else of the text; `nil` where there are none.
    private func vectors(_ rows: [SampledTexts.Row]) throws -> VectorSet? {
        guard let first = rows.first else { return nil }
        let dimensions = first.vector.isEmpty ? embedder?.dimensions : first.vector.count
        guard let dimensions else { return nil }
        var vectors = VectorSet(dimensions: dimensions)
        vectors.reserveCapacity(rows.count)
        for row in rows {
            let vector = try row.vector.isEmpty ? vector(row.text) : row.vector
            guard let vector else { return nil }
            vectors.append(vector.span)
        }
        return vectors
    }

    /// A model of the dimensions that have examples; `nil` where none has.
    ///
    /// - Throws: `AnalyzerError` when the run's vectors are given and nothing can embed the examples.
    func exampleModel(_ taxonomy: Taxonomy, seed: UInt64) throws -> ExampleModel? {
        let exampled = taxonomy.dimensions.indices.filter { taxonomy.dimensions[$0].hasExamples }
        guard !exampled.isEmpty, let sample = try vectors(data) else { return nil }
        var examples: [ExampleModel.Example] = []
        for (kind, index) in exampled.enumerated() {
            func add(_ category: Int, _ text: [UInt8]) throws {
                guard let vector = try vector(text) else {
                    throw AnalyzerError(
                        "examples of a taxonomy need the embedding table, but vectors were given "
                            + "for the data alone", isConfiguration: true)
                }
                guard vector.contains(where: { $0 != 0 }) else { return }
                examples.append(
                    ExampleModel.Example(dimension: kind, category: category, vector: vector))
            }
            for (category, stated) in taxonomy.dimensions[index].categories.enumerated() {
                for example in stated.examples { try add(category, Array(example.utf8)) }
            }
            for entry in handTexts {
                if let category = hand.category(index, row: entry.row) {
                    try add(Int(category), entry.text)
                }
            }
        }
        guard !examples.isEmpty else { return nil }
        return ExampleModel(
            sample: sample, examples: examples,
            classCounts: exampled.map { taxonomy.dimensions[$0].categories.count }, seed: seed,
            work: host)
    }

    /// Topics of the data and coverage of the reference, for the end of the second pass.
    func findings(_ taxonomy: Taxonomy, seed: UInt64) throws -> ReportDraft {
        var findings = ReportDraft()
        guard let vectors = try vectors(data) else { return findings }
        if let dimension = taxonomy.dimensions.first(where: { $0.kind == .topics }) {
            topics(vectors, count: dimension.topicCount, seed: seed, into: &findings)
        }
        if let other = try self.vectors(reference) {
            referenceCoverage(vectors, other, seed: seed, into: &findings)
        }
        return findings
    }

    /// Bytes of a text that a report shows.
    private static let shownBytes = 200
    /// Bytes of a text that a message repeats.
    private static let toldBytes = 80

    private static func excerpt(_ text: [UInt8]) -> JSONValue {
        let whole = PackedBytes.wholeCharacters(text.span, most: shownBytes)
        return .string(String(decoding: text.prefix(whole), as: UTF8.self))
    }

    /// Examples of a topic: of the texts nearer to its centre.
    private static let exampleCount = 8
    private static let mostTopics = 100

    /// Some of a list in even steps, the first among them.
    private static func spread(_ list: ArraySlice<Int>) -> [Int] {
        let count = min(exampleCount, list.count)
        return (0..<count).map { list[list.startIndex + $0 * list.count / count] }
    }

    private func topics(
        _ vectors: VectorSet, count: Int?, seed: UInt64, into findings: inout ReportDraft
    ) {
        let count =
            count
            ?? min(
                EmbeddedSample.mostTopics, max(2, Int(Double(vectors.count).squareRoot())))
        let groups = SphericalMeans(
            SphericalMeans.centered(vectors), count: count, rounds: 20, seed: seed,
            work: host)
        let names = TopicNames(
            data.map(\.text), groups: groups.groups, count: groups.centers.count
        ).names
        let scale = Double(rowCount) / Double(max(1, data.count))
        var rows: [(count: Int, row: JSONValue)] = []
        for topic in 0..<groups.centers.count {
            let members = data.indices.filter { groups.groups[$0] == Int32(topic) }
            guard !members.isEmpty else { continue }
            var seen: Set<[UInt8]> = []
            let nearest = members.sorted {
                (groups.likeness[$1], $0) < (groups.likeness[$0], $1)
            }.filter { seen.insert(data[$0].text).inserted }
            // Spread over the nearer half: the nearest of all are often one sentence said anew.
            let examples = EmbeddedSample.spread(
                nearest.prefix(max(EmbeddedSample.exampleCount, nearest.count / 2)))
            let name = names[topic].isEmpty ? "topic \(topic + 1)" : names[topic]
            rows.append(
                (
                    members.count,
                    .array(
                        [
                            .string(name),
                            JSONValue(Int((Double(members.count) * scale).rounded())),
                        ]
                            + examples.map { EmbeddedSample.excerpt(data[$0].text) }
                            + Array(
                                repeating: .string(""),
                                count: EmbeddedSample.exampleCount - examples.count))
                ))
        }
        rows.sort { $0.count > $1.count }
        findings.show(
            "table", data.count < rowCount ? "Topics, of a sample of \(data.count)" : "Topics",
            .object([
                "columns": .array(
                    ["topic", "records"]
                        + (1...EmbeddedSample.exampleCount).map { .string("example \($0)") }),
                "rows": .array(rows.map(\.row)),
            ]))
    }

    private func referenceCoverage(
        _ vectors: VectorSet, _ other: VectorSet, seed: UInt64,
        into findings: inout ReportDraft
    ) {
        guard
            let found = ReferenceCoverage(
                data: vectors, reference: other,
                texts: (data.map(\.text), reference.map(\.text)), seed: seed, work: host)
        else { return }
        let n = other.count
        func state(
            _ name: String, _ value: Double, _ direction: Direction, _ help: String,
            interval: ClosedRange<Double>? = nil, unit: String = "share"
        ) {
            findings.state(
                Metric(
                    "coverage.\(name)", value, unit: unit, n: n, direction: direction,
                    interval: interval, help: help))
        }
        func wilson(_ share: Double) -> ClosedRange<Double> {
            let bounds = Quantiles.wilsonInterval(
                count: Int((share * Double(n)).rounded()), of: n)
            return bounds.low...bounds.high
        }
        state(
            "reference", found.coverage, .higherIsBetter,
            "reference records with a record of the data among their \(found.neighbourCount) "
                + "nearest; 0.95 where both come from one source", interval: wilson(found.coverage))
        state(
            "reference_density", found.density, .higherIsBetter,
            "records of the data around a reference record over those expected; 1 for one source",
            unit: "ratio")
        let error = 1.96 * found.uncoveredError
        state(
            "reference_uncovered", found.uncovered, .lowerIsBetter,
            "share of the reference that is missing in the data: of kinds which the data lacks or "
                + "has at most a third of its share of",
            interval: max(0, found.uncovered - error)...min(1, found.uncovered + error))
        state(
            "reference_unseen", found.unseen, .lowerIsBetter,
            "Good–Turing estimate: chance that the next record of real use is like none in the "
                + "reference", interval: wilson(found.unseen))
        regions(found, into: &findings)
    }

    private func regions(_ found: ReferenceCoverage, into findings: inout ReportDraft) {
        guard !found.regions.isEmpty else { return }
        // Named against the whole reference, which is why every text is given.
        var numbers = [Int32](repeating: -1, count: reference.count)
        for (number, region) in found.regions.enumerated() {
            for row in region.rows { numbers[row] = Int32(number) }
        }
        let names = TopicNames(
            reference.map(\.text), groups: numbers, count: found.regions.count
        ).names
        // Some of what is listed is covered, and some of what is not covered is not listed.
        let listed = found.regions.reduce(0) { $0 + $1.rows.count }
        let told = zip(found.regions, names).map { region, name in
            (
                region: region, name: name,
                share: found.uncovered * Double(region.rows.count) / Double(listed),
                text: reference[region.rows[0]].text
            )
        }
        findings.show(
            "table", "Regions of the reference that the data lacks or has too little of",
            .object([
                "columns": [
                    "region", "missing share of the reference", "presence in the data", "example",
                ],
                "rows": .array(
                    told.map {
                        .array([
                            .string($0.name), .number(($0.share * 10_000).rounded() / 10_000),
                            .number(($0.region.presence * 100).rounded() / 100),
                            .string(
                                PackedBytes.excerpt($0.text, most: EmbeddedSample.shownBytes)),
                        ])
                    }),
            ]))
        for (region, name, share, text) in told {
            let isAbsent = region.presence < UncoveredRegion.nothing
            let has =
                isAbsent
                ? "nothing" : "\(Int((region.presence * 100).rounded())) % of its share"
            var finding = Finding(
                code: "COV007", row: nil,
                message:
                    "\((share * 1000).rounded() / 10) % of the reference"
                    + (name.isEmpty ? "" : " (about \(name))")
                    + " is missing: of records such as \""
                    + PackedBytes.excerpt(text, most: EmbeddedSample.toldBytes)
                    + "\" the data has \(has)")
            finding.severity = isAbsent ? .high : .medium
            finding.score = min(1, share * 10)
            let wanted = Int((share * Double(rowCount)).rounded())
            finding.evidence = .object([
                "subject": .string(name), "region": .string(name),
                "mass": .number(share), "presence": .number(region.presence),
                "wanted": JSONValue(wanted),
                "reference_rows": .array(
                    region.rows.prefix(3).map { JSONValue(reference[$0].row) }),
            ])
            findings.report(finding)
            guard wanted > 0 else { continue }
            var proposal = Proposal(.augment, row: nil, code: "COV007")
            proposal.number = Double(wanted)
            proposal.text = "region: \(name)"
            findings.propose(proposal)
        }
    }
}
