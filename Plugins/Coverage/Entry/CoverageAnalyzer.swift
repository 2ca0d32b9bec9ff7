import AssayKit
import CoverageAlgorithm
import JSONText

/// Counts the records of each category of a taxonomy and says what is missing.
struct CoverageAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.coverage"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 1

    let taxonomy: Taxonomy

    init(configuration: JSONValue, host: HostServices) throws {
        taxonomy = try Taxonomy(
            configuration["taxonomy"], target: configuration["target"]?.intValue ?? 100)
    }

    func begin(_ pass: Pass) -> CoveragePartial { CoveragePartial(taxonomy: taxonomy) }

    func load(_ reader: inout StateReader, pass: Pass) throws -> CoveragePartial {
        var partial = CoveragePartial(taxonomy: taxonomy)
        partial.rowCount = try reader.integer()
        partial.counts = try reader.list { try $0.counts() }
        partial.unassigned = try reader.list(size: 8) { try $0.integer() }
        let count = taxonomy.dimensions.count
        guard partial.counts.count == count, partial.unassigned.count == count else {
            throw AnalyzerError("the saved state has another taxonomy")
        }
        return partial
    }

    func finish(_ partial: CoveragePartial, to sink: Sink) throws {
        var scores: [Double] = []
        var measured: [(dimension: Taxonomy.Dimension, measures: CoverageMeasures)] = []
        for (index, dimension) in taxonomy.dimensions.enumerated() {
            let categories = dimension.categories(counted: partial.counts[index])
            guard !categories.isEmpty else { continue }
            let measures = CoverageMeasures(categories)
            measured.append((dimension, measures))
            scores.append(measures.capped)
            try report(dimension, categories, measures, partial, index, to: sink)
        }
        guard !measured.isEmpty else { return }
        func mean(_ value: (CoverageMeasures) -> Double) -> Double {
            measured.reduce(0) { $0 + value($1.measures) } / Double(measured.count)
        }
        let n = partial.rowCount
        try sink.state(
            Metric(
                "coverage.score", mean(\.capped), unit: "share", n: n, direction: .higherIsBetter,
                help: "mean capped sample coverage over the dimensions; 1 means every target is met"
            ))
        try sink.state(
            Metric(
                "coverage.scene", mean(\.scene), unit: "share", n: n, direction: .higherIsBetter,
                help:
                    "categories with at least one record over all categories, mean over dimensions")
        )
        try sink.state(
            Metric(
                "coverage.sample", mean(\.sample), unit: "share", n: n, direction: .higherIsBetter,
                help:
                    "weighted share of the targets that is filled, over all categories; may exceed 1"
            ))
        try sink.state(
            Metric(
                "coverage.sample_present", mean(\.samplePresent), unit: "share", n: n,
                help: "the same over the categories that have records at all"))
        try sink.state(
            Metric(
                "coverage.sample_capped", mean(\.capped), unit: "share", n: n,
                direction: .higherIsBetter,
                help: "the same over all categories with each filled at most once"))
    }

    private func report(
        _ dimension: Taxonomy.Dimension, _ categories: [CategoryCount],
        _ measures: CoverageMeasures, _ partial: CoveragePartial, _ index: Int, to sink: Sink
    ) throws {
        let n = partial.rowCount
        let name = "coverage.\(dimension.metricName)"
        try sink.state(
            Metric(
                "\(name).scene", measures.scene, unit: "share", n: n, direction: .higherIsBetter,
                help: "categories of \(dimension.name) with at least one record"))
        try sink.state(
            Metric(
                "\(name).sample", measures.sample, unit: "share", n: n, direction: .higherIsBetter,
                help: "weighted share of the targets of \(dimension.name) that is filled"))
        try sink.show(
            "bars", "Records by \(dimension.name)",
            .object([
                "unit": "records",
                "bars": .array(
                    categories.map {
                        .object([
                            "label": .string($0.name), "value": JSONValue($0.count),
                            "target": JSONValue($0.target),
                        ])
                    }),
            ]))
        if dimension.isStated, !measures.gaps.isEmpty {
            try sink.show(
                "table", "Gaps in \(dimension.name)",
                .object([
                    "columns": ["category", "have", "target", "deficit", "priority"],
                    "rows": .array(
                        measures.gaps.map {
                            .array([
                                .string($0.name), JSONValue($0.have), JSONValue($0.target),
                                JSONValue($0.deficit), .number($0.priority),
                            ])
                        }),
                ]))
            for gap in measures.gaps { try report(gap, dimension, to: sink) }
        }
        if dimension.isStated, partial.unassigned[index] > 0 {
            var finding = Finding(
                code: "COV003", row: nil,
                message:
                    "\(partial.unassigned[index]) records belong to no category of \(dimension.name)"
            )
            finding.severity = .low
            finding.score = Double(partial.unassigned[index]) / Double(max(1, n))
            try sink.report(finding)
        }
    }

    private func report(_ gap: Gap, _ dimension: Taxonomy.Dimension, to sink: Sink) throws {
        let isEmpty = gap.have == 0
        let code = isEmpty ? "COV001" : "COV002"
        var finding = Finding(
            code: code, row: nil,
            message: isEmpty
                ? "\(dimension.name) \(gap.name) has no record, \(gap.target) are wanted"
                : "\(dimension.name) \(gap.name) has \(gap.have) of \(gap.target) records")
        finding.severity = isEmpty ? .high : .medium
        finding.score = Double(gap.deficit) / Double(max(1, gap.target))
        finding.evidence = .object([
            "dimension": .string(dimension.name), "category": .string(gap.name),
            "have": JSONValue(gap.have), "target": JSONValue(gap.target),
            "deficit": JSONValue(gap.deficit), "priority": .number(gap.priority),
        ])
        try sink.report(finding)
        var proposal = Proposal(.augment, row: nil, code: code)
        proposal.number = Double(gap.deficit)
        proposal.text = "\(dimension.name): \(gap.name)"
        try sink.propose(proposal)
    }
}

/// Counts by dimension and category.
struct CoveragePartial: AnalyzerPartial {
    let taxonomy: Taxonomy
    var rowCount = 0
    var counts: [[String: Int]]
    var unassigned: [Int]

    init(taxonomy: Taxonomy) {
        self.taxonomy = taxonomy
        counts = Array(repeating: [:], count: taxonomy.dimensions.count)
        unassigned = Array(repeating: 0, count: taxonomy.dimensions.count)
    }

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard batch.role == .data else { return }
        rowCount += batch.rowCount
        let row = RowReader(batch)
        let fields = taxonomy.dimensions.map { $0.column.map { batch.text($0) } }
        var found: [Bool] = []
        var ruled = Array(repeating: 0, count: taxonomy.categoryCount)
        for position in 0..<batch.rowCount {
            taxonomy.keywords.find(in: row, position, &found)
            var first = 0
            for (index, dimension) in taxonomy.dimensions.enumerated() {
                defer { first += dimension.categories.count }
                var isAssigned = false
                if let field = fields[index] {
                    if let value = field?.string(position), !value.isEmpty,
                        let name = dimension.name(of: value)
                    {
                        counts[index][name, default: 0] += 1
                        isAssigned = true
                    }
                } else {
                    dimension.assign(row, position, found: found[first...]) {
                        ruled[first + $0] += 1
                        isAssigned = true
                    }
                }
                if !isAssigned { unassigned[index] += 1 }
            }
        }
        var number = 0
        for (index, dimension) in taxonomy.dimensions.enumerated() {
            for category in dimension.categories {
                if ruled[number] > 0 { counts[index][category.name, default: 0] += ruled[number] }
                number += 1
            }
        }
    }

    mutating func merge(_ other: CoveragePartial) {
        rowCount += other.rowCount
        for index in counts.indices {
            counts[index].merge(other.counts[index], uniquingKeysWith: +)
            unassigned[index] += other.unassigned[index]
        }
    }

    func save(to writer: inout StateWriter) {
        writer.write(rowCount)
        writer.write(counts) { $0.write($1) }
        writer.write(unassigned) { $0.write($1) }
    }
}
