import AssayKit
import DistributionAlgorithm
import JSONText
import Numerics

/// What can be said of the data without a reference: balance, splits, order, outliers of length.
struct InternalChecks {
    let settings: Settings
    let comparer: FamilyComparer

    /// Sampled records of a part below which it is not compared.
    private static let leastRows = 50
    private static let mostSplits = 10

    /// Adds everything to a report.
    func report(
        _ data: SideView, reference: SideView?, extremes: LengthExtremes,
        to draft: inout ReportDraft
    ) {
        balance(data, reference: reference?.values[0] ?? [:], to: &draft)
        splits(data, to: &draft)
        order(data, to: &draft)
        extremes.report(data.lengths, to: &draft)
    }

    /// `reference`: its records by label; where there are any, they say how uneven labels should be, and
    /// the shift of labels has the last word.
    private func balance(
        _ data: SideView, reference: [String: Int], to draft: inout ReportDraft
    ) {
        let labels = data.values[0].sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        guard labels.count > 1, let largest = labels.first, let smallest = labels.last else {
            return
        }
        let balance =
            Divergence.entropy(labels.map(\.value))
            / Divergence.entropy(Array(repeating: 1, count: labels.count))
        draft.state(
            Metric(
                "distribution.label_balance", balance, unit: "share", n: data.rowCount,
                direction: .higherIsBetter,
                help: "entropy of the labels over that of equally frequent ones; 1 is balanced"))
        draft.show(
            "bars", "Records by label",
            .object([
                "unit": "records",
                "bars": .array(
                    labels.prefix(30).map {
                        .object(["label": .string($0.key), "value": JSONValue($0.value)])
                    }),
            ]))
        guard largest.value > 10 * smallest.value, data.rowCount >= InternalChecks.leastRows else {
            return
        }
        var finding = Finding(
            code: "DST002", row: nil,
            message:
                "the commonest label, \(largest.key), has \(largest.value) records, the rarest, "
                + "\(smallest.key), has \(smallest.value)"
                + (reference.isEmpty
                    ? ""
                    : "; in the reference \(reference[largest.key] ?? 0) and "
                        + "\(reference[smallest.key] ?? 0)"))
        if !reference.isEmpty { finding.severity = .low }
        finding.score = 1 - balance
        finding.evidence = .object([
            "balance": .number(balance), "labels": JSONValue(labels.count),
            "commonest": .string(largest.key), "rarest": .string(smallest.key),
        ])
        draft.report(finding)
    }

    /// Compares every split with all others together.
    private func splits(_ data: SideView, to draft: inout ReportDraft) {
        var parts: [String: [SampledRow]] = [:]
        for row in data.rows where !row.tag.split.isEmpty {
            parts[row.tag.split, default: []].append(row)
        }
        let known = parts.filter { $0.value.count >= InternalChecks.leastRows }
        guard parts.count > 1 else { return }
        guard parts.count <= InternalChecks.mostSplits else {
            draft.show(
                "text", "Splits",
                .object([
                    "text": .string(
                        "the records are of \(parts.count) files or splits, which are not compared: "
                            + "more than \(InternalChecks.mostSplits)")
                ]))
            return
        }
        var rows: [JSONValue] = []
        for (name, part) in known.sorted(by: { $0.key < $1.key }) {
            let others = data.rows.filter { $0.tag.split != name && !$0.tag.split.isEmpty }
            guard others.count >= InternalChecks.leastRows else { continue }
            drift(
                "DST003", "split_drift.\(name)", "split \(name)", "the others", SideView(part),
                SideView(others), &rows, to: &draft)
        }
        show("Split against the other splits", rows, to: &draft)
    }

    private func order(_ data: SideView, to draft: inout ReportDraft) {
        let middle = data.rows.count / 2
        guard middle >= InternalChecks.leastRows else { return }
        var rows: [JSONValue] = []
        drift(
            "DST004", "order_drift", "the first half of the records", "the second",
            SideView(Array(data.rows[..<middle])), SideView(Array(data.rows[middle...])), &rows,
            to: &draft)
        show("First half against second half", rows, to: &draft)
    }

    private func show(_ title: String, _ rows: [JSONValue], to draft: inout ReportDraft) {
        guard !rows.isEmpty else { return }
        draft.show(
            "table", title,
            .object([
                "columns": ["part", "family", "JS beyond chance, bits", "p", "most of all"],
                "rows": .array(rows),
            ]))
    }

    private func drift(
        _ code: String, _ metric: String, _ part: String, _ other: String, _ left: SideView,
        _ right: SideView, _ rows: inout [JSONValue], to draft: inout ReportDraft
    ) {
        let families = comparer.plain(left, right)
        let shifts = families.filter { $0.isShift(significance: settings.significance) }
        for family in families {
            let isShift = family.isShift(significance: settings.significance)
            rows.append(
                .array([
                    .string(part), .string(family.title),
                    .string(NumberText.short(family.main.corrected)),
                    .string(NumberText.short(family.main.pValue)),
                    .string(isShift ? family.drivers.first?.name ?? "" : ""),
                ]))
        }
        let largest = families.max { $0.main.corrected < $1.main.corrected }
        guard let largest else { return }
        draft.state(
            Metric(
                "distribution.\(metric)", largest.main.corrected, unit: "bits", n: largest.n,
                direction: .lowerIsBetter, interval: largest.main.interval,
                help: "largest bias-corrected Jensen–Shannon divergence of \(part) from \(other), "
                    + "in \(largest.title)"))
        guard let worst = shifts.first else { return }
        let driver = worst.drivers.first.map { ", most of all in \"\($0.name)\"" } ?? ""
        let advice = code == "DST004" ? "; shuffle before training" : ""
        var finding = Finding(
            code: code, row: nil,
            message: "\(part) differs from \(other) in \(worst.title) by "
                + "\(NumberText.short(worst.main.corrected)) bits beyond chance "
                + "(p \(NumberText.short(worst.main.pValue)))\(driver)\(advice)")
        finding.severity = largest.main.corrected > 0.1 ? .medium : .low
        finding.score = min(1, max(0, largest.main.corrected))
        finding.evidence = .object([
            "subject": .string(part),
            "families": .array(
                shifts.map {
                    .object([
                        "family": .string($0.name), "p": .number($0.main.pValue),
                        "corrected": .number($0.main.corrected),
                        "driver": .string($0.drivers.first?.name ?? ""),
                    ])
                }),
        ])
        draft.report(finding)
    }
}
