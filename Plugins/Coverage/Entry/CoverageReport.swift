import AssayKit
import CoverageAlgorithm
import JSONText
import Numerics

/// Says what the verdict is: metrics, tables, findings, and what to add.
struct CoverageReport {
    let taxonomy: Taxonomy
    let counts: CellCounts
    let verdict: CoverageVerdict

    /// Cells of a cross that a matrix shows at most.
    private static let mostCells = 2000
    /// Gaps that a table shows at most.
    private static let mostGaps = 200
    /// Rows that are asked to stay, over all cells.
    private static let mostKept = 200_000
    /// Rows that are named as examples of what a gap wants, at most.
    private static let mostExamples = 8

    func report(to sink: Sink) throws {
        let n = counts.rowCount
        let measured = verdict.parts.filter { !isFound($0) }
        guard !measured.isEmpty else { return }
        let total = measured.reduce(0) { $0 + $1.weight }
        func mean(_ value: (CoverageMeasures) -> Double) -> Double {
            measured.reduce(0) { $0 + $1.weight * value($1.measures) } / max(total, 1e-12)
        }
        func state(
            _ name: String, _ value: Double, _ direction: Direction = .higherIsBetter,
            help: String
        ) throws {
            try self.state(name, value, n: n, direction, help: help, to: sink)
        }
        try state(
            "score", mean(\.effective),
            help:
                "wanted records that are there"
                + (taxonomy.isBuiltIn ? " (no taxonomy)" : "")
                + ": every category counts up to its target, near copies "
                + "once; mean over the dimensions and crosses by their weights")
        try state(
            "scene", mean(\.scene),
            help: "categories with at least one record over all categories, mean over dimensions")
        try state(
            "sample", mean(\.sample),
            help: "weighted share of the targets that is filled, over all categories; may exceed 1")
        try state(
            "sample_present", mean(\.samplePresent), .none,
            help: "the same over the categories that have records at all")
        try state(
            "sample_capped", mean(\.capped),
            help: "the same over all categories with each filled at most once")
        try state(
            "sample_effective", mean(\.effective),
            help: "as sample_capped, with near copies of a record counted once")
        try state(
            "copy_rate", Double(verdict.copyCount) / Double(max(1, n)), .lowerIsBetter,
            help: "share of records whose prompt is a near copy of an earlier one: Jaccard "
                + "similarity of their words of at least 0.8")
        if let pairs = verdict.pairwise {
            try self.state(
                "pairwise", Double(pairs.covered) / Double(pairs.all), n: pairs.all,
                help: "pairs of categories of two dimensions that occur together in a record",
                to: sink)
        }
        for part in verdict.parts { try report(part, to: sink) }
        for (index, dimension) in taxonomy.dimensions.enumerated() where dimension.isStated {
            try reportQueues(index, dimension, to: sink)
        }
        try reportPlan(to: sink)
        try reportQuotas(to: sink)
    }

    /// The number that a cell's proposals have in common.
    private func cell(_ part: CoverageVerdict.Part, _ name: String) -> UInt64 {
        max(1, StableHash.hash(Array("\(part.name)\0\(name)".utf8).span))
    }

    /// Asks for the rows of cells to stay, those cells first that have the least to spare; of near copies in a cell
    /// for the first, which is the one that counts.
    private func reportQuotas(to sink: Sink) throws {
        var cells: [(spare: Int, part: CoverageVerdict.Part, index: Int)] = []
        for part in verdict.parts where part.isStated {
            for (index, count) in part.counts.enumerated() where count.target > 0 && count.count > 0
            {
                cells.append((count.effective - count.target, part, index))
            }
        }
        var left = CoverageReport.mostKept
        let order = cells.indices.sorted { (cells[$0].spare, $0) < (cells[$1].spare, $1) }
        for place in order {
            let (_, part, index) = cells[place]
            let count = part.counts[index]
            guard let rows = counts.members(part.cells[index]), rows.count <= left else { continue }
            left -= rows.count
            var seen: Set<RowKey> = []
            for row in rows {
                if let leader = verdict.leaders[row], !seen.insert(leader).inserted { continue }
                var proposal = Proposal(.keep, row: row, code: "COV002")
                proposal.group = cell(part, count.name)
                proposal.number = Double(count.target)
                proposal.text = "\(part.name): \(count.name)"
                try sink.propose(proposal)
            }
        }
    }

    private func state(
        _ name: String, _ value: Double, n: Int, _ direction: Direction = .higherIsBetter,
        help: String, to sink: Sink
    ) throws {
        try sink.state(
            Metric(
                "coverage.\(name)", value, unit: "share", n: n, direction: direction, help: help))
    }

    /// Whether a part's categories are what the data happens to have and nobody's wish.
    private func isFound(_ part: CoverageVerdict.Part) -> Bool {
        !part.isStated && taxonomy.dimensions.contains { $0.name == part.name && $0.isOpen }
    }

    private func report(_ part: CoverageVerdict.Part, to sink: Sink) throws {
        if !isFound(part) {
            for (name, value, help) in [
                (
                    "scene", part.measures.scene,
                    "categories of \(part.name) with at least one record"
                ),
                (
                    "sample", part.measures.sample,
                    "weighted share of the targets of \(part.name) that is filled"
                ),
                (
                    "sample_effective", part.measures.effective,
                    "the same, each target filled at most once and near copies counted once"
                ),
            ] {
                try state(
                    "\(part.metricName).\(name)", value, n: counts.rowCount, help: help, to: sink)
            }
        }
        if part.isCross { try showMatrix(part, to: sink) } else { try showBars(part, to: sink) }
    }

    private func showBars(_ part: CoverageVerdict.Part, to sink: Sink) throws {
        try sink.show(
            "bars", "Records by \(part.name)",
            .object([
                "unit": "records",
                "bars": .array(
                    part.counts.map { count in
                        var bar: JSONObject = [
                            "label": .string(count.name), "value": JSONValue(count.count),
                        ]
                        if !isFound(part) { bar["target"] = JSONValue(count.target) }
                        return .object(bar)
                    }),
            ]))
    }

    /// A cross of two dimensions as a matrix of records.
    private func showMatrix(_ part: CoverageVerdict.Part, to sink: Sink) throws {
        guard part.cells.first?.count == 2, part.cells.count <= CoverageReport.mostCells else {
            return
        }
        let names = part.cells[0].map { counts.names($0.dimension, taxonomy) }
        func unique(_ place: Int) -> [KeptRows.Cell] {
            var seen: Set<KeptRows.Cell> = []
            return part.cells.map { $0[place] }.filter { seen.insert($0).inserted }
        }
        let (rows, columns) = (unique(0), unique(1))
        let values = Dictionary(
            zip(part.cells, part.counts).map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
        try sink.show(
            "matrix", "Records by \(part.name)",
            .object([
                "unit": "records",
                "rows": .array(rows.map { .string(names[0][$0.category]) }),
                "columns": .array(columns.map { .string(names[1][$0.category]) }),
                "values": .array(
                    rows.map { row in
                        .array(columns.map { JSONValue(values[[row, $0]]?.count ?? 0) })
                    }),
                "targets": .array(
                    rows.map { row in
                        .array(
                            columns.map { column in
                                values[[row, column]].map { JSONValue($0.target) } ?? .null
                            })
                    }),
            ]))
    }

    private func reportPlan(to sink: Sink) throws {
        let plan = verdict.plan
        guard !plan.items.isEmpty else { return }
        let hasPool = counts.poolCount > 0
        try sink.show(
            "table", hasPool ? "Gaps and what the pool fills" : "Gaps",
            .object([
                "columns": .array(
                    [
                        "where", "cell", "have", "without near copies", "target", "missing",
                        "priority",
                    ] + (hasPool ? ["from pool", "still missing"] : [])),
                "rows": .array(
                    plan.items.prefix(CoverageReport.mostGaps).map { item in
                        .array(
                            [
                                .string(verdict.parts[item.part].name), .string(item.gap.name),
                                JSONValue(item.gap.have), JSONValue(item.gap.effective),
                                JSONValue(item.gap.target), JSONValue(item.gap.deficit),
                                .number((item.gap.priority * 1000).rounded() / 1000),
                            ]
                                + (hasPool
                                    ? [JSONValue(item.fromPool), JSONValue(item.missing)] : []))
                    }),
            ]))
        for item in plan.items { try report(item, to: sink) }
        for (row, item, confidence) in plan.taken {
            let gap = plan.items[item]
            var proposal = Proposal(.augment, row: row, code: code(gap.gap))
            proposal.role = .pool
            proposal.number = 1
            proposal.confidence = confidence
            proposal.text = "\(verdict.parts[gap.part].name): \(gap.gap.name)"
            try sink.propose(proposal)
        }
    }

    private func code(_ gap: Gap) -> String {
        gap.have == 0 ? "COV001" : gap.isFilledByCopies ? "COV005" : "COV002"
    }

    private func report(_ item: CoverageVerdict.Plan.Item, to sink: Sink) throws {
        let (gap, part) = (item.gap, verdict.parts[item.part])
        let place = "\(part.name) \(gap.name)"
        let message =
            switch code(gap) {
            case "COV001": "\(place) has no record, \(gap.target) are wanted"
            case "COV005":
                "\(place) has \(gap.have) records for \(gap.target) wanted, but only "
                    + "\(gap.effective) that are no near copies"
            default:
                "\(place) has \(gap.have) of \(gap.target) records"
                    + (gap.effective < gap.have ? ", \(gap.effective) without near copies" : "")
            }
        var finding = Finding(code: code(gap), row: nil, message: message)
        finding.group = cell(part, gap.name)
        finding.severity = gap.have == 0 ? .high : gap.isFilledByCopies ? .low : .medium
        finding.score = Double(gap.deficit) / Double(max(1, gap.target))
        let cells = part.cells[gap.index]
        let rows = counts.examples(
            cells.min { counts.examples($0).count < counts.examples($1).count } ?? cells[0])
        finding.evidence = .object([
            "subject": .string(gap.name),
            part.isCross ? "cross" : "dimension": .string(part.name),
            part.isCross ? "cell" : "category": .string(gap.name),
            "have": JSONValue(gap.have), "effective": JSONValue(gap.effective),
            "target": JSONValue(gap.target), "deficit": JSONValue(gap.deficit),
            "priority": .number(gap.priority), "from_pool": JSONValue(item.fromPool),
            "still_missing": JSONValue(item.missing),
            "example_rows": .array(part.isCross ? [] : rows.map { JSONValue($0) }),
        ])
        try sink.report(finding)
        guard item.missing > 0 else { return }
        var proposal = Proposal(.augment, row: nil, code: code(gap))
        proposal.group = finding.group
        proposal.number = Double(item.missing)
        proposal.text = "\(part.name): \(gap.name)"
        try sink.propose(proposal)
        let members = counts.members(cells) ?? (part.isCross ? [] : counts.examples(cells[0]))
        // Spread over the data, so that they are not all of one source.
        let shown = min(CoverageReport.mostExamples, members.count)
        for place in 0..<shown {
            var example = Proposal(
                .augment, row: members[place * members.count / shown], code: code(gap))
            example.group = finding.group
            try sink.propose(example)
        }
    }

    private func reportQueues(
        _ index: Int, _ dimension: Taxonomy.Dimension, to sink: Sink
    ) throws {
        let n = max(1, counts.rowCount)
        for (name, count, help) in [
            ("unassigned", counts.unassigned[index], "records that belong to no category"),
            (
                "ambiguous", dimension.hasExamples ? counts.doubtful[index] : -1,
                "records of which examples do not tell two categories apart"
            ),
        ] where count >= 0 {
            let bounds = Quantiles.wilsonInterval(count: count, of: n)
            try sink.state(
                Metric(
                    "coverage.\(dimension.metricName).\(name)", Double(count) / Double(n),
                    unit: "share", n: n, direction: .lowerIsBetter,
                    interval: bounds.low...bounds.high, help: "\(help) of \(dimension.name)"))
        }
        if counts.unassigned[index] > 0 {
            var finding = Finding(
                code: "COV003", row: nil,
                message:
                    "\(counts.unassigned[index]) records belong to no category of \(dimension.name)"
            )
            finding.severity = .low
            finding.score = Double(counts.unassigned[index]) / Double(n)
            finding.evidence = .object(["subject": .string(dimension.name)])
            try sink.report(finding)
        }
        let names = counts.names(index, taxonomy)
        for doubt in counts.doubts[index] {
            try propose(
                doubt, dimension, code: "COV004",
                "may be \(names[doubt.first]) or \(names[doubt.second]) of \(dimension.name)",
                score: 1 - doubt.margin, names, to: sink)
        }
        for stranger in counts.strangers[index] {
            try propose(
                stranger, dimension, code: "COV006",
                "is unlike every category of \(dimension.name); the nearest is "
                    + names[stranger.first],
                score: min(1, max(0, 1 - stranger.margin)), names, to: sink)
        }
    }

    private func propose(
        _ doubt: CellCounts.Doubt, _ dimension: Taxonomy.Dimension, code: String,
        _ message: String, score: Double, _ names: [String], to sink: Sink
    ) throws {
        var finding = Finding(code: code, row: doubt.row, message: message)
        finding.severity = .low
        finding.score = score
        finding.evidence = .object([
            "dimension": .string(dimension.name), "category": .string(names[doubt.first]),
            "other": .string(names[doubt.second]),
        ])
        try sink.report(finding)
        var proposal = Proposal(.review, row: doubt.row, code: code)
        proposal.text = "\(dimension.name): \(names[doubt.first])"
        try sink.propose(proposal)
    }
}
