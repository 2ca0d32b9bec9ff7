import AssayKit
import DiversityAlgorithm
import JSONText
import Numerics

/// Proposes what makes the data more varied: weights or copies, and a subset.
struct SelectionReport {
    let settings: Settings
    let partial: DiversityPartial
    let removals: Removals
    let host: HostServices

    private static let code = "DIV006"

    func report(to draft: inout ReportDraft, _ sink: Sink) throws {
        // What the subset leaves out is not balanced.
        let left = try subset(to: &draft, sink)
        try balance(without: left, to: &draft, sink)
    }

    private func balance(
        without left: Set<UInt32>, to draft: inout ReportDraft, _ sink: Sink
    ) throws {
        guard settings.balanced != nil else { return }
        let values = partial.values
        let open = partial.balancedRows.indices.filter {
            partial.balancedValues[$0] >= 0 && !removals.rows.contains(partial.balancedRows[$0])
                && !left.contains(partial.balancedRows[$0])
        }
        guard !values.isTooMany, !open.isEmpty else {
            var finding = Finding(
                code: SelectionReport.code, row: nil,
                message: values.isTooMany
                    ? "not balanced: more than \(ValueCounts.mostValues) different values, which balance nothing"
                    : "not balanced: no record has a value of the dimension that balance names")
            finding.severity = .high
            draft.report(finding)
            return
        }
        // By name: the order in which values were met must not matter.
        let names = values.names.indices.sorted { values.names[$0] < values.names[$1] }
        var rank = [Int](repeating: 0, count: names.count)
        for (place, number) in names.enumerated() { rank[number] = place }
        var counts = [Int](repeating: 0, count: names.count)
        for index in open { counts[rank[Int(partial.balancedValues[index])]] += 1 }
        let used = counts.indices.filter { counts[$0] > 0 }
        let weights = Balance.weights(
            used.map { counts[$0] }, most: Double(settings.mostCopies))
        var weightOf = [Double](repeating: 0, count: names.count)
        for (place, value) in used.enumerated() { weightOf[value] = weights[place] }
        let own = used.map { counts[$0] }
        let before = Balance.evenness(own, own.map { _ in 1 })
        let after = Balance.evenness(own, weights)
        draft.state(
            Metric(
                "diversity.balance_before", before, unit: "share", n: open.count,
                direction: .higherIsBetter,
                help: "entropy of the dimension that is balanced, over its maximum"))
        draft.state(
            Metric(
                "diversity.balance_planned", after, unit: "share", n: open.count,
                direction: .higherIsBetter,
                help: "the same as planned, no record more than \(settings.mostCopies) times"))
        draft.show(
            "table", "Balance",
            .object([
                "columns": ["value", "records", "weight"],
                "rows": .array(
                    used.sorted { (counts[$1], $0) < (counts[$0], $1) }.prefix(50).map {
                        .array([
                            .string(values.names[names[$0]]), JSONValue(counts[$0]),
                            .string(NumberText.short(weightOf[$0])),
                        ])
                    }),
            ]))
        switch settings.balanceForm {
        case .weights:
            for index in open {
                var proposal = Proposal(
                    .weight, row: Int(partial.balancedRows[index]), code: SelectionReport.code)
                proposal.number = weightOf[rank[Int(partial.balancedValues[index])]]
                try sink.propose(proposal)
            }
        case .copies: try copies(open, rank, counts, weightOf, sink)
        }
    }

    private func copies(
        _ open: [Int], _ rank: [Int], _ counts: [Int], _ weights: [Double], _ sink: Sink
    ) throws {
        var members = [[Int]](repeating: [], count: counts.count)
        for index in open { members[rank[Int(partial.balancedValues[index])]].append(index) }
        for (value, list) in members.enumerated() where !list.isEmpty {
            let copies = Balance.copies(
                count: list.count, weight: weights[value], most: settings.mostCopies)
            // Which records of a value are taken oftener is settled by the seed.
            let order = list.sorted {
                (priority($0), $0) < (priority($1), $1)
            }
            for (place, index) in order.enumerated() where copies[place] != 1 {
                var proposal = Proposal(
                    copies[place] == 0 ? .drop : .duplicate,
                    row: Int(partial.balancedRows[index]), code: SelectionReport.code)
                proposal.confidence = 0.5
                if copies[place] > 1 { proposal.number = Double(copies[place] - 1) }
                try sink.propose(proposal)
            }
        }
    }

    private func priority(_ index: Int) -> UInt64 {
        StableHash.mix(partial.seed ^ StableHash.mix(UInt64(partial.balancedRows[index])))
    }

    /// Proposes what the subset leaves out; gives these rows.
    private func subset(to draft: inout ReportDraft, _ sink: Sink) throws -> Set<UInt32> {
        guard let size = settings.subsetSize else { return [] }
        let open = partial.allRows.indices.filter { !removals.rows.contains(partial.allRows[$0]) }
        guard size < open.count else {
            var finding = Finding(
                code: SelectionReport.code, row: nil,
                message: partial.allRows.isEmpty
                    ? "no subset: the run has no vectors of the records"
                    : "no subset: \(open.count) records are left, \(size) are wanted")
            finding.severity = .low
            draft.report(finding)
            return []
        }
        var set = VectorSet(dimensions: partial.allVectors.dimensions)
        set.reserveCapacity(open.count)
        for index in open { set.append(index, of: partial.allVectors) }
        let quality = ranked(open.map { partial.allQualities[$0] })
        let chosen =
            switch settings.subsetMethod {
            case .facilityLocation:
                SubsetSelection.facilityLocation(
                    set, quality: quality, size: size, seed: partial.seed, work: host)
            case .kCenter:
                SubsetSelection.kCenter(
                    set, quality: quality, size: size, seed: partial.seed, work: host)
            }
        let rows = chosen.map { partial.allRows[open[$0]] }
        draft.state(
            Metric(
                "diversity.subset_size", Double(rows.count), unit: "records", n: open.count,
                help: "records of the subset that keeps the most variety"))
        var left: Set<UInt32> = []
        for index in open where Removals.place(of: partial.allRows[index], in: rows) < 0 {
            left.insert(partial.allRows[index])
            var proposal = Proposal(
                .drop, row: Int(partial.allRows[index]), code: SelectionReport.code)
            proposal.confidence = 0.5
            try sink.propose(proposal)
        }
        return left
    }

    /// Qualities on a scale from 0 to 1: as they are, or of a stated field by their rank, whatever its scale.
    private func ranked(_ qualities: [Float]) -> [Float] {
        guard settings.qualityField != nil, qualities.count > 1 else { return qualities }
        let order = qualities.indices.sorted { (qualities[$0], $0) < (qualities[$1], $1) }
        var ranks = [Float](repeating: 0, count: qualities.count)
        var rank = 0
        for (place, index) in order.enumerated() {
            // Equal ones have the rank of the first.
            if place > 0, qualities[order[place - 1]] < qualities[index] { rank = place }
            ranks[index] = Float(rank) / Float(qualities.count - 1)
        }
        return ranks
    }
}
