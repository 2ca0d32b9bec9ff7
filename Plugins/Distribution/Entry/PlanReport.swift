import AssayKit
import DistributionAlgorithm
import JSONText
import Numerics

/// Says what was drawn, how far it is from the reference, and what is still missing.
struct PlanReport {
    let settings: Settings
    let look: DistributionLook
    let host: HostServices
    let seed: UInt64

    func report(_ partial: DistributionPartial, to sink: Sink) throws {
        guard let drawn = look.drawn else {
            // Weights alone were asked for.
            try weights(partial.rows, partial.logWeights, to: sink)
            return
        }
        var draft = ReportDraft()
        let copies = drawn.copies.map(Int.init)
        summary(drawn, copies, to: &draft)
        if !look.quotas.isEmpty { labels(partial.sides[0], drawn, to: &draft) }
        try predicted(partial.sides[0], to: &draft)
        try draft.send(to: sink)
        try proposals(drawn, copies, to: sink)
        if settings.givesWeights { try weights(drawn.rows, drawn.logWeights, to: sink) }
    }

    /// Of the finding that a proposal follows from.
    private var code: String { look.reference.isEmpty ? "DST002" : "DST001" }

    private func summary(
        _ drawn: DistributionLook.Drawn, _ copies: [Int], to draft: inout ReportDraft
    ) {
        let n = copies.count
        let size = copies.reduce(0, +)
        let kept = copies.count { $0 > 0 }
        draft.state(
            Metric(
                "distribution.planned_size", Double(size), unit: "records", n: n,
                help: "records of the resampled dataset, copies counted"))
        if look.model != nil {
            draft.state(
                Metric(
                    "distribution.effective_size", drawn.effectiveSize, unit: "records", n: n,
                    direction: .higherIsBetter,
                    help: "records that the weighted data is worth, (sum of weights)² over sum of "
                        + "squares, weights clipped at \(NumberText.short(settings.mostWeight)) times their mean"
                ))
        }
        draft.show(
            "table", "The resampled dataset",
            .object([
                "columns": ["", "records"],
                "rows": .array([
                    .array(["of the data", JSONValue(n)]),
                    .array(["without a label, left out", JSONValue(drawn.unlabelledCount)]),
                    .array(["kept", JSONValue(kept)]),
                    .array(["copies added", JSONValue(size - kept)]),
                    .array(["resampled dataset", JSONValue(size)]),
                    .array([
                        "wanted and not to be had", JSONValue(drawn.missing.reduce(0, +)),
                    ]),
                ]),
            ]))
    }

    /// The divergence from the reference that the drawn records have.
    private func predicted(_ planned: SideProfile, to draft: inout ReportDraft) throws {
        guard !look.reference.isEmpty, planned.rowCount > 0 else { return }
        var reference = SideProfile(
            fieldCount: settings.fields.count, capacity: settings.sampleSize, seed: seed &+ 1)
        var reader = StateReader(reading: look.reference)
        try reference.load(from: &reader)
        let comparer = FamilyComparer(settings: settings, host: host, seed: seed)
        let found = try comparer.divergences(SideView(planned), SideView(reference))
        let before = Dictionary(
            look.draft.metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        var rows: [JSONValue] = []
        for family in found {
            let effect = family.main
            draft.state(
                Metric(
                    "distribution.planned_js.\(family.name)", effect.corrected, unit: "bits",
                    n: family.n, direction: .lowerIsBetter, interval: effect.interval,
                    help:
                        "bias-corrected Jensen–Shannon divergence of the resampled dataset from the "
                        + "reference"))
            rows.append(
                .array([
                    .string(family.title),
                    .string(NumberText.short(before["distribution.js.\(family.name)"] ?? 0)),
                    .string(NumberText.short(effect.corrected)),
                    .string(
                        NumberText.short(effect.interval.lowerBound) + " to "
                            + NumberText.short(effect.interval.upperBound)),
                ]))
        }
        draft.show(
            "table", "Divergence from the reference, before and as planned",
            .object([
                "columns": ["family", "JS before, bits", "as planned", "95 % interval"],
                "rows": .array(rows),
            ]))
    }

    private func labels(
        _ planned: SideProfile, _ drawn: DistributionLook.Drawn, to draft: inout ReportDraft
    ) {
        let counts = planned.values[0].byName
        let have = look.labels.map { Double(counts[$0, default: 0]) }
        draft.state(
            Metric(
                "distribution.planned_label_js",
                Divergence.jensenShannon(have, look.quotas.map(Double.init)), unit: "bits",
                n: planned.rowCount, direction: .lowerIsBetter,
                help: "Jensen–Shannon divergence of the resampled labels from their quotas"))
        let lacking = look.labels.indices.filter { drawn.missing[$0] > 0 }
        for label in lacking {
            var proposal = Proposal(.augment, row: nil, code: code)
            proposal.number = Double(drawn.missing[label])
            proposal.text = "label: \(look.labels[label])"
            draft.propose(proposal)
        }
        guard !lacking.isEmpty else { return }
        draft.show(
            "table", "Labels that cannot be brought to their quota",
            .object([
                "columns": ["label", "wanted", "missing"],
                "rows": .array(
                    lacking.map {
                        .array([
                            .string(look.labels[$0]), JSONValue(look.quotas[$0]),
                            JSONValue(drawn.missing[$0]),
                        ])
                    }),
            ]))
    }

    private func proposals(
        _ drawn: DistributionLook.Drawn, _ copies: [Int], to sink: Sink
    ) throws {
        for (place, row) in drawn.rows.enumerated() where copies[place] != 1 {
            var proposal = Proposal(
                copies[place] == 0 ? .drop : .duplicate, row: Int(row), code: code)
            // How much likelier the record is to be of the data than of the reference, or the other way.
            let weight = Double(drawn.logWeights[place])
            proposal.confidence = 1 / (1 + Elementary.exp(copies[place] == 0 ? weight : -weight))
            if copies[place] > 1 { proposal.number = Double(copies[place] - 1) }
            try sink.propose(proposal)
        }
    }

    private func weights(_ rows: [UInt32], _ logWeights: [Float], to sink: Sink) throws {
        let weights = Resample.weights(logWeights.map(Double.init), most: settings.mostWeight)
        for (row, weight) in zip(rows, weights) {
            var proposal = Proposal(.weight, row: Int(row), code: code)
            proposal.number = weight
            try sink.propose(proposal)
        }
    }
}
