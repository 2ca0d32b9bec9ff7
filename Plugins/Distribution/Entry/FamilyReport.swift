import AssayKit
import DistributionAlgorithm
import JSONText

/// Says how the families of two sides differ.
struct FamilyReport {
    let settings: Settings
    /// Records of the data.
    let rowCount: Int

    /// A topic that the reference has so many times as often is one that the data lacks.
    private static let lackingRatio = 3.0
    /// Share of the reference below which a topic is not asked for.
    private static let leastShare = 0.01

    /// Measures by what they are counted in.
    private static let units: [Measure: String] = [
        .js: "bits", .kl: "bits", .klReverse: "bits", .totalVariation: "share", .hellinger: "ratio",
        .psi: "nats", .ks: "share", .wasserstein: "words", .frontier: "ratio", .mmd: "ratio",
        .auc: "share",
    ]

    private static let helps: [Measure: String] = [
        .js: "Jensen–Shannon divergence, base-2 logarithm, 0 to 1",
        .kl: "KL(data‖reference), 0.5 added to every bin that occurs",
        .klReverse: "KL(reference‖data), 0.5 added to every bin that occurs",
        .totalVariation: "total variation distance, 0 to 1",
        .hellinger: "Hellinger distance, 0 to 1",
        .psi: "population stability index, 0.5 added to every bin that occurs",
        .ks: "Kolmogorov–Smirnov statistic of the words, 0 to 1",
        .wasserstein: "Wasserstein-1 distance of the words",
        .frontier: "1 minus the area under the divergence frontier of the topics (MAUVE), 0 to 1",
        .mmd: "squared maximum mean discrepancy of the embeddings, Gaussian kernel, 0 to 2",
        .auc:
            "area under the curve of a classifier that tells data from reference, out of fold; 0.5 is "
            + "chance",
    ]

    /// States the measures, shows what drives them and reports what is more than chance.
    func report(_ families: [FamilyComparison], to draft: inout ReportDraft) {
        for family in families { state(family, to: &draft) }
        let farthest = families.filter { $0.mainMeasure == .js }.map(\.main)
            .max { $0.corrected < $1.corrected }
        let largest = farthest?.corrected ?? 0
        let bounds = farthest.map {
            1 - min(1, max(0, $0.interval.upperBound))...1 - min(1, max(0, $0.interval.lowerBound))
        }
        let n = families.map(\.n).max() ?? 0
        draft.state(
            Metric(
                "distribution.score", 1 - min(1, max(0, largest)), unit: "share", n: n,
                direction: .higherIsBetter, interval: bounds,
                help:
                    "likeness to the reference: 100 % less the largest Jensen–Shannon divergence of all "
                    + "families, each less what chance gives"))
        draft.state(
            Metric(
                "distribution.js", max(0, largest), unit: "bits", n: n, direction: .lowerIsBetter,
                help: "largest bias-corrected Jensen–Shannon divergence of all families"))
        summary(families, to: &draft)
        showChance(families, to: &draft)
        for family in families {
            show(family, to: &draft)
            find(family, to: &draft)
        }
    }

    private func state(_ family: FamilyComparison, to draft: inout ReportDraft) {
        for measure in Measure.allCases {
            guard let effect = family.effects[measure] else { continue }
            let unit = FamilyReport.units[measure] ?? "ratio"
            // An area is read as it is; what chance gives it is one half.
            let shift = measure == .auc ? effect.nullMean : 0
            draft.state(
                Metric(
                    "distribution.\(measure.rawValue).\(family.name)", effect.corrected + shift,
                    unit: unit, n: family.n, direction: .lowerIsBetter,
                    interval: effect.interval.lowerBound + shift...effect.interval.upperBound
                        + shift,
                    help: (FamilyReport.helps[measure] ?? "")
                        + (measure == .auc
                            ? "; by chance \(NumberText.short(effect.nullMean))"
                            : "; as counted \(NumberText.short(effect.value)), less "
                                + "\(NumberText.short(effect.nullMean)) that chance gives")
                        + ", p \(NumberText.short(effect.pValue))"))
        }
        if let js = family.effects[.js] {
            draft.state(
                Metric(
                    "distribution.js_raw.\(family.name)", js.value, unit: "bits", n: family.n,
                    direction: .lowerIsBetter,
                    help: "Jensen–Shannon divergence as counted, base-2 logarithm, 0 to 1"))
        }
        draft.state(
            Metric(
                "distribution.p.\(family.name)", family.main.pValue, unit: "probability",
                n: family.n,
                help:
                    "permutation p-value of \(family.mainMeasure.rawValue) over \(settings.rounds) "
                    + "deals of the records"))
    }

    private func summary(_ families: [FamilyComparison], to draft: inout ReportDraft) {
        draft.show(
            "table", "How far the data is from the reference",
            .object([
                "columns": [
                    "family", "measure", "value", "95 % interval", "p", "most of all",
                ],
                "rows": .array(
                    families.map { family in
                        let effect = family.main
                        let shift = family.mainMeasure == .auc ? effect.nullMean : 0
                        let isShift = family.isShift(significance: settings.significance)
                        return .array([
                            .string(family.title), .string(FamilyReport.measureName(family)),
                            .string(NumberText.short(effect.corrected + shift)),
                            .string(
                                NumberText.short(effect.interval.lowerBound + shift) + " to "
                                    + NumberText.short(effect.interval.upperBound + shift)),
                            .string(NumberText.short(effect.pValue)),
                            .string(isShift ? family.drivers.first?.name ?? "" : ""),
                        ])
                    }),
            ]))
    }

    /// Divergences as counted, beside what the same records dealt out at random give.
    private func showChance(_ families: [FamilyComparison], to draft: inout ReportDraft) {
        func rounded(_ value: Double) -> JSONValue { .number((value * 1e6).rounded() / 1e6) }
        let bars = families.filter { $0.mainMeasure == .js }.map { family -> JSONValue in
            let effect = family.main
            return .object([
                "label": .string(family.title), "value": rounded(effect.value),
                "low": rounded(max(0, effect.interval.lowerBound + effect.nullMean)),
                "high": rounded(effect.interval.upperBound + effect.nullMean),
                "target": rounded(effect.nullMean),
            ])
        }
        guard !bars.isEmpty else { return }
        draft.show(
            "bars", "Divergence as counted, and what chance gives",
            .object([
                "unit": "bits, Jensen–Shannon", "target_label": "chance", "bars": .array(bars),
            ]))
    }

    private static func measureName(_ family: FamilyComparison) -> String {
        switch family.mainMeasure {
        case .mmd: "MMD² beyond chance"
        case .auc: "AUC, by chance \(NumberText.short(family.main.nullMean))"
        default: "JS beyond chance, bits"
        }
    }

    private func show(_ family: FamilyComparison, to draft: inout ReportDraft) {
        func share(_ value: Double) -> JSONValue { .number((value * 10_000).rounded() / 10_000) }
        switch family.kind {
        case .values:
            draft.show(
                "bars", "Data and reference by \(family.title)",
                .object([
                    "unit": "share of records", "target_label": "reference",
                    "bars": .array(
                        family.drivers.map {
                            .object([
                                "label": .string($0.name), "value": share($0.left),
                                "target": share($0.right),
                            ])
                        }),
                ]))
        case .lengths:
            draft.show(
                "histogram",
                "Length of \(family.name.hasPrefix("prompt") ? "prompts" : "responses")",
                .object([
                    "unit": "share of records by number of words",
                    "bins": .array(
                        family.bands.map { band in
                            let ends = band.name.split(separator: "–").compactMap { Int($0) }
                            return .object([
                                "label": .string(band.name), "low": JSONValue(ends.first ?? 0),
                                "high": JSONValue(ends.last ?? 0), "value": share(band.left),
                                "reference": share(band.right),
                            ])
                        }),
                ]))
        case .words, .topics:
            let drivers = family.drivers.filter { $0.contribution > 0 }
            guard family.isShift(significance: settings.significance), !drivers.isEmpty else {
                return
            }
            draft.show(
                "table",
                family.kind == .words
                    ? "Words that set data and reference apart"
                    : "Topics that set data and reference apart",
                .object([
                    "columns": [
                        .string(family.kind == .words ? "word" : "topic"), "share of the data",
                        "share of the reference", "example",
                    ],
                    "rows": .array(
                        drivers.map {
                            .array([
                                .string($0.name), share($0.left), share($0.right),
                                .string($0.example),
                            ])
                        }),
                ]))
        case .embedding, .classifier: break
        }
    }

    private func find(_ family: FamilyComparison, to draft: inout ReportDraft) {
        guard family.isShift(significance: settings.significance) else { return }
        let effect = family.main
        let shift = family.mainMeasure == .auc ? effect.nullMean : 0
        let amount = NumberText.short(effect.corrected + shift)
        // What anybody understands comes first, what a statistician asks for last.
        let driver = family.drivers.first.map {
            "differs most in \"\($0.name)\": \(NumberText.percent($0.left)) of the data, "
                + "\(NumberText.percent($0.right)) of the reference"
        }
        let what =
            switch family.mainMeasure {
            case .mmd: "squared discrepancy \(amount) beyond chance"
            case .auc: "a classifier tells them apart with an area under the curve of \(amount)"
            default: "\(amount) bits of divergence beyond chance"
            }
        var finding = Finding(
            code: "DST001", row: nil,
            message: "\(family.title) \(driver ?? "differs from the reference") "
                + "(\(what), p \(NumberText.short(effect.pValue)))")
        // Discrepancy and classifier say that something differs; the families say what.
        let isDivergence = family.mainMeasure == .js
        finding.severity =
            !isDivergence || effect.corrected <= 0.02
            ? .low : effect.corrected > 0.1 ? .high : .medium
        finding.score = min(1, max(0, effect.corrected * (isDivergence ? 1 : 0.1)))
        finding.evidence = .object([
            "subject": .string(family.title), "family": .string(family.name),
            "p": .number(effect.pValue),
            "corrected": .number(effect.corrected),
            "interval": .array([
                .number(effect.interval.lowerBound), .number(effect.interval.upperBound),
            ]),
            "drivers": .array(
                family.drivers.prefix(5).map {
                    .object([
                        "name": .string($0.name), "data": .number($0.left),
                        "reference": .number($0.right),
                    ])
                }),
        ])
        draft.report(finding)
        if family.kind == .topics { request(family.drivers, to: &draft) }
    }

    /// Asks for records of topics that the data lacks: as many as bring it to the reference's share.
    private func request(_ topics: [FamilyComparison.Driver], to draft: inout ReportDraft) {
        for topic in topics
        where topic.right >= FamilyReport.leastShare
            && topic.right >= FamilyReport.lackingRatio * topic.left
        {
            let wanted = ((topic.right - topic.left) * Double(rowCount)).rounded()
            guard wanted > 0 else { continue }
            var proposal = Proposal(.augment, row: nil, code: "DST001")
            proposal.number = wanted
            proposal.text = "topic: \(topic.name), such as: \(topic.example)"
            draft.propose(proposal)
        }
    }
}
