public import AssayKit
import DistributionAlgorithm
import JSONText
public import Numerics

/// Compares the data with a reference, and with itself, and draws what brings it closer.
struct DistributionAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.distribution"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 2

    private let settings: Settings
    private let host: HostServices
    private let looks = BroadcastMemory<DistributionLook>()

    init(configuration: JSONValue, host: HostServices) throws {
        settings = try Settings(configuration)
        self.host = host
    }

    func begin(_ pass: Pass) throws -> DistributionPartial {
        DistributionPartial(
            settings, pass,
            look: pass.number == 0
                ? nil : try looks.value(pass.broadcast) { try DistributionLook($0) })
    }

    func load(_ reader: inout StateReader, pass: Pass) throws -> DistributionPartial {
        var partial = try begin(pass)
        try partial.load(from: &reader)
        return partial
    }

    func endPass(_ partial: DistributionPartial) throws -> PassDecision {
        switch partial.pass {
        case 0:
            guard settings.wantsPlan, obstacle(partial) == nil else { return .finish }
            return again(try planned(partial))
        case 1:
            guard settings.size != nil || settings.quotas != .none else { return .finish }
            return again(drawn(partial))
        default: return .finish
        }
    }

    private func again(_ look: DistributionLook) -> PassDecision {
        let bytes = look.bytes()
        looks.remember(look, bytes)
        return .again(broadcast: bytes)
    }

    func finish(_ partial: DistributionPartial, to sink: Sink) throws {
        guard let look = partial.look else {
            try analysis(partial).draft.send(to: sink)
            if let obstacle = obstacle(partial) {
                var finding = Finding(code: "DST002", row: nil, message: obstacle)
                finding.severity = .high
                try sink.report(finding)
            }
            return
        }
        try look.draft.send(to: sink)
        let plan = PlanReport(settings: settings, look: look, host: host, seed: partial.seed)
        try plan.report(partial, to: sink)
    }

    private func comparer(_ seed: UInt64) -> FamilyComparer {
        FamilyComparer(settings: settings, host: host, seed: seed)
    }

    /// What the first pass says, and how a classifier judged the sampled records of both sides.
    private func analysis(
        _ partial: DistributionPartial
    ) throws -> (
        draft: ReportDraft, judged: [(evidence: ImportanceModel.Evidence, isReference: Bool)]
    ) {
        var draft = ReportDraft()
        let (data, reference) = (SideView(partial.sides[0]), SideView(partial.sides[1]))
        let comparer = comparer(partial.seed)
        var judged: [(evidence: ImportanceModel.Evidence, isReference: Bool)] = []
        if data.rowCount > 0, reference.rowCount > 0 {
            let found = try comparer.all(data, reference)
            FamilyReport(settings: settings, rowCount: data.rowCount)
                .report(found.families, to: &draft)
            let rows = data.rows + reference.rows
            judged = zip(rows.indices, found.scores).map { index, score in
                (
                    ImportanceModel.Evidence(
                        mean: score, count: max(0, 2 * rows[index].tokens.count - 1),
                        style: rows[index].tag.style),
                    index >= data.rows.count
                )
            }
        } else {
            draft.show(
                "text", "No reference",
                .object([
                    "text":
                        "give a sample of real use with --reference to learn how far the data is from it"
                ]))
        }
        InternalChecks(settings: settings, comparer: comparer).report(
            data, reference: reference, extremes: partial.extremes, to: &draft)
        return (draft, judged)
    }

    /// Why nothing can be drawn as it was asked for; `nil` when it can.
    private func obstacle(_ partial: DistributionPartial) -> String? {
        let hasReference = partial.sides[1].rowCount > 0
        if settings.givesWeights, !hasReference {
            return "no weights: they need a sample of real use; give one with --reference"
        }
        guard settings.quotas != .none else { return nil }
        if partial.sides[0].values[0].names.isEmpty {
            return
                "no resample: quotas need labels, and no record of the data has one; name the field "
                + "with --fields label=FIELD"
        }
        if settings.quotas == .reference, partial.sides[1].values[0].names.isEmpty {
            return "no resample: quotas: reference needs a reference with labels, found "
                + (hasReference ? "one without labels" : "no reference")
                + "; give one with --reference, or take quotas: uniform"
        }
        return nil
    }

    /// The model of the weights and the labels' quotas.
    private func planned(_ partial: DistributionPartial) throws -> DistributionLook {
        let found = try analysis(partial)
        var look = DistributionLook()
        look.draft = found.draft
        let (data, reference) = (partial.sides[0], partial.sides[1])
        if reference.rowCount > 0 {
            look.model = ImportanceModel(
                // Records of the data are weighed, each by the others: less its own words, once each.
                data: data.grams.map { Double(max(1, $0) - 1) },
                reference: reference.grams.map(Double.init),
                judged: found.judged, work: host)
            var writer = StateWriter()
            reference.withoutGrams.save(to: &writer)
            look.reference = writer.bytes
        }
        guard settings.quotas != .none else { return look }
        let (here, there) = (data.values[0].byName, reference.values[0].byName)
        look.labels = (settings.quotas == .uniform ? here : here.merging(there) { $0 + $1 }).keys
            .sorted()
        let shares = look.labels.map { label in
            settings.quotas == .uniform ? 1 : Double(there[label, default: 0])
        }
        look.quotas = Resample.quotas(
            shares: shares, counts: look.labels.map { here[$0, default: 0] }, size: settings.size,
            mostCopies: settings.mostCopies)
        return look
    }

    private func drawn(_ partial: DistributionPartial) -> DistributionLook {
        var look = partial.look ?? DistributionLook()
        let logWeights = partial.logWeights.map(Double.init)
        let drawn = logWeights.map { $0 * settings.drawingPower }
        let resample =
            look.quotas.isEmpty
            ? Resample(
                logWeights: drawn, size: settings.size ?? 0, mostCopies: settings.mostCopies,
                seed: partial.seed)
            : Resample(
                logWeights: drawn,
                groups: partial.labels.map {
                    $0 == DistributionPartial.noLabel ? -1 : Int32($0)
                },
                quotas: look.quotas, mostCopies: settings.mostCopies, seed: partial.seed)
        look.drawn = DistributionLook.Drawn(
            rows: partial.rows, copies: resample.copies.map { UInt32($0) },
            logWeights: partial.logWeights, missing: resample.missing,
            unlabelledCount: look.quotas.isEmpty
                ? 0 : partial.labels.count { $0 == DistributionPartial.noLabel },
            effectiveSize: Resample.effectiveSize(
                logWeights: logWeights, mostWeight: settings.mostWeight))
        return look
    }
}

extension HostServices: WorkSharing {}
