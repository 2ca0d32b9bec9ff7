import AssayKit
import DiversityAlgorithm
import JSONText
import Numerics

/// Says how varied the data is in every respect, beside other datasets at equal n.
struct VarietyReport {
    let settings: Settings
    let host: HostServices
    let seed: UInt64

    /// Subsamples from which intervals are read, and records of each at most.
    private static let rounds = 20
    private static let roundSize = 200
    private static let vendiSize = 500
    private static let mostWords = 10_000
    /// Student's t for 95 % with 19 degrees of freedom.
    private static let quantile = 2.093
    private static let mapped = 1000
    /// Dimensions of which the score is the mean.
    private static let scored: [Dimension] = [.lexical, .semantic, .style, .openers]
    private static let mostOpeners = 80

    /// A number over the subsamples, and where 95 % of subsamples lie.
    private struct Spread {
        let mean: Double
        let interval: ClosedRange<Double>?

        init(_ values: [Double], within bounds: ClosedRange<Double>) {
            let mean = values.reduce(0, +) / Double(max(1, values.count))
            self.mean = mean
            guard values.count > 1 else {
                interval = nil
                return
            }
            let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let half = quantile * (square / Double(values.count - 1)).squareRoot()
            interval = max(bounds.lowerBound, mean - half)...min(bounds.upperBound, mean + half)
        }
    }

    /// How much of each side is measured: as many records, and as many words, of every one.
    private struct Sizes: Equatable {
        let records: Int
        /// Records of a Vendi score: more, for it varies more than the others, but a quarter at most, so that
        /// subsamples differ.
        let vendi: Int
        let words: Int
        let rounds: Int

        init(_ sides: [SideVariety]) {
            let least = sides.map(\.records.count).min() ?? 0
            let records = min(roundSize, least > 40 ? least / 2 : least)
            self.records = records
            vendi = max(records, min(vendiSize, least / 4))
            words = min(
                mostWords,
                sides.map { $0.tokenCount * records / max(1, $0.records.count) * 4 / 5 }.min() ?? 0)
            rounds = least > records ? VarietyReport.rounds : 1
        }

        /// What a dimension's score rests on.
        func text(_ dimension: Dimension) -> String {
            switch dimension {
            case .lexical: "\(words) words"
            case .semantic: "\(vendi) records"
            default: "\(records) records"
            }
        }
    }

    /// The measures of one side, one for each subsample.
    private struct Side {
        let name: String
        let measures: [SideVariety.Measures]

        func spread(_ dimension: Dimension) -> Spread? {
            let values = measures.compactMap { $0.scores[dimension] }
            return values.isEmpty ? nil : Spread(values, within: 0...1)
        }

        func spread(_ name: String) -> Spread? {
            let values = measures.compactMap { $0.others[name] }
            return values.isEmpty
                ? nil : Spread(values, within: -Double.infinity...Double.infinity)
        }
    }

    func report(_ samples: [TextSample], removedShare: Double, to draft: inout ReportDraft) throws {
        let names = ["data", "reference", "trusted"]
        var sides: [(name: String, variety: SideVariety)] = []
        for (name, sample) in zip(names, samples) where sample.rowCount > 0 {
            sides.append((name, try SideVariety(sample, host: host)))
        }
        guard let data = sides.first, data.name == "data" else { return }
        let kind = data.variety.domainKind
        let domains = sides.map { $0.variety.domains(kind) }
        let varieties = sides.map(\.variety)
        let topics = topics(varieties)
        func measured(_ used: [Int], _ sizes: Sizes) -> [Side] {
            let categories = Set(used.flatMap { domains[$0] }.filter { !$0.isEmpty }).count
            let seed = seed
            let found = host.map(used.count * sizes.rounds) { index in
                let side = used[index / sizes.rounds]
                return varieties[side].measure(
                    size: sizes.records, vendiSize: sizes.vendi, words: sizes.words,
                    domains: domains[side], categories: categories, groups: topics[side],
                    seed: seed &+ UInt64(side), round: index % sizes.rounds)
            }
            return used.enumerated().map { place, side in
                Side(
                    name: sides[side].name,
                    measures: Array(
                        found[place * sizes.rounds..<(place + 1) * sizes.rounds]))
            }
        }
        // What is stated of the data does not depend on what it is compared with.
        let own = Sizes([data.variety])
        let alone = measured([0], own)[0]
        state(alone, own, removedShare: removedShare, to: &draft)
        let common = Sizes(varieties)
        compare(
            sides.count == 1 ? [alone] : measured(Array(sides.indices), common), common, alone, own,
            to: &draft)
        kinds(data.variety, to: &draft)
        openers(data.variety, to: &draft)
        map(data.variety, topics[0], to: &draft)
    }

    /// The topic of every record of every side: groups of all their vectors together.
    private func topics(_ sides: [SideVariety]) -> [[Int32]] {
        guard let dimensions = sides.first?.vectors.dimensions,
            sides.allSatisfy({ $0.hasVectors && $0.vectors.dimensions == dimensions })
        else { return sides.map { _ in [] } }
        var all = VectorSet(dimensions: dimensions)
        for side in sides { all.append(contentsOf: side.vectors) }
        let count = min(100, Int(Double(all.count).squareRoot()))
        guard count > 1 else { return sides.map { _ in [] } }
        let groups = SphericalMeans(
            SphericalMeans.centered(all), count: count, rounds: 8, seed: seed, work: host
        ).groups
        var start = 0
        return sides.map { side in
            defer { start += side.vectors.count }
            return Array(groups[start..<start + side.vectors.count])
        }
    }

    private static let others: [(name: String, unit: String, isHigherBetter: Bool, help: String)] =
        [
            ("distinct_1", "share", true, "different words over all words"),
            ("distinct_2", "share", true, "different pairs of words over all pairs"),
            ("distinct_3", "share", true, "different triples of words over all triples"),
            ("entropy", "bits", true, "Shannon entropy of the words"),
            (
                "mtld", "words", true,
                "measure of textual lexical diversity: words in a row that keep a type-token ratio of 0.72"
            ),
            (
                "self_repetition", "share", false,
                "different runs of four words of a record that another record has too"
            ),
            (
                "compression_ratio", "ratio", false,
                "bytes of the texts over their bytes as an LZ4 block"
            ),
            ("vendi", "records", true, "Vendi score: the effective number of different records"),
            (
                "nearest_distance", "1 - cosine", true,
                "mean distance of a record's vector to the nearest other"
            ),
            (
                "novelsum", "distance", true,
                "mean distance to the others, the near and the dense ones weighing more"
            ),
            (
                "topics_effective", "topics", true,
                "effective number (Hill, order 1) of the groups of vectors"
            ),
            (
                "openers_effective", "openers", true,
                "effective number (Hill, order 1) of first verbs with their objects"
            ),
        ]

    private func state(
        _ data: Side, _ sizes: Sizes, removedShare: Double,
        to draft: inout ReportDraft
    ) {
        let lexical = Set([
            "distinct_1", "distinct_2", "distinct_3", "entropy", "mtld", "self_repetition",
            "compression_ratio",
        ])
        for other in VarietyReport.others {
            guard let spread = data.spread(other.name) else { continue }
            let isOfWords = lexical.contains(other.name)
            let n =
                isOfWords ? sizes.words : other.name == "vendi" ? sizes.vendi : sizes.records
            draft.state(
                Metric(
                    "diversity.\(other.name)", spread.mean, unit: other.unit, n: n,
                    direction: other.isHigherBetter ? .higherIsBetter : .lowerIsBetter,
                    interval: spread.interval,
                    help: other.help
                        + ", in \(n) \(isOfWords ? "words" : "records")"
                        + " (mean of seeded subsamples; the interval is that of one subsample)"))
        }
        for dimension in Dimension.allCases {
            guard let spread = data.spread(dimension) else { continue }
            draft.state(
                Metric(
                    "diversity.\(dimension.rawValue)_score", spread.mean, unit: "share",
                    n: dimension == .lexical
                        ? sizes.words : dimension == .semantic ? sizes.vendi : sizes.records,
                    direction: .higherIsBetter,
                    interval: spread.interval, help: dimension.help))
        }
        let dimensions = VarietyReport.scored.filter { data.spread($0) != nil }
        guard !dimensions.isEmpty else { return }
        let whole = Spread(
            data.measures.map { measures in
                dimensions.reduce(0) { $0 + measures.scores[$1, default: 0] }
                    / Double(dimensions.count) * (1 - removedShare)
            }, within: 0...1)
        draft.state(
            Metric(
                "diversity.score", whole.mean, unit: "share", n: sizes.records,
                direction: .higherIsBetter, interval: whole.interval,
                help:
                    "variety: how varied words, meanings, styles and openings are, times the share of "
                    + "records that are no copy"))
    }

    private func compare(
        _ sides: [Side], _ sizes: Sizes, _ alone: Side, _ wholeSizes: Sizes,
        to draft: inout ReportDraft
    ) {
        var rows: [JSONValue] = []
        for dimension in Dimension.allCases {
            guard let own = sides[0].spread(dimension) else { continue }
            var row: [JSONValue] = [.string(dimension.rawValue), VarietyReport.text(own)]
            var verdict = ""
            for other in sides.dropFirst() {
                guard let spread = other.spread(dimension) else {
                    row.append("")
                    continue
                }
                row.append(VarietyReport.text(spread))
                if let high = own.interval?.upperBound, let low = spread.interval?.lowerBound,
                    high < low
                {
                    verdict = "thin"
                    monotony(
                        dimension, own,
                        "less varied than the \(other.name) dataset in \(dimension.rawValue): "
                            + "\(NumberText.short(own.mean)) against \(NumberText.short(spread.mean)) "
                            + "at \(sizes.text(dimension))", to: &draft)
                }
            }
            if let limit = settings.limits[dimension.rawValue],
                let whole = alone.spread(dimension), whole.mean < limit
            {
                verdict = "thin"
                monotony(
                    dimension, whole,
                    "less varied in \(dimension.rawValue) than the stated limit: "
                        + "\(NumberText.short(whole.mean)) at \(wholeSizes.text(dimension)), limit "
                        + NumberText.short(limit),
                    to: &draft)
            }
            row.append(.string(verdict))
            rows.append(.array(row))
        }
        draft.show(
            "bars", "Variety by dimension, at equal n",
            .object([
                "unit": "score", "target_label": .string(sides.count > 1 ? sides[1].name : ""),
                "bars": .array(
                    Dimension.allCases.compactMap { dimension in
                        guard let own = sides[0].spread(dimension) else { return nil }
                        var bar: JSONObject = [
                            "label": .string(dimension.rawValue),
                            "value": VarietyReport.rounded(own.mean),
                        ]
                        if let interval = own.interval {
                            bar["low"] = VarietyReport.rounded(interval.lowerBound)
                            bar["high"] = VarietyReport.rounded(interval.upperBound)
                        }
                        if sides.count > 1, let other = sides[1].spread(dimension) {
                            bar["target"] = VarietyReport.rounded(other.mean)
                        }
                        return .object(bar)
                    }),
            ]))
        var columns: [JSONValue] = ["dimension"]
        columns += sides.map { .string($0.name) }
        columns.append("")
        draft.show(
            "table",
            "Variety at equal n, 0 to 1 (\(sizes.records) records, \(sizes.words) words, \(sizes.vendi) records for meaning)",
            .object(["columns": .array(columns), "rows": .array(rows)]))
    }

    private static func rounded(_ value: Double) -> JSONValue {
        .number((value * 10_000).rounded() / 10_000)
    }

    private static func text(_ spread: Spread) -> JSONValue {
        guard let interval = spread.interval else { return .string(NumberText.short(spread.mean)) }
        return .string(
            "\(NumberText.short(spread.mean)) (\(NumberText.short(interval.lowerBound)) to "
                + "\(NumberText.short(interval.upperBound)))")
    }

    private func monotony(
        _ dimension: Dimension, _ own: Spread, _ message: String, to draft: inout ReportDraft
    ) {
        var finding = Finding(code: "DIV006", row: nil, message: message)
        finding.score = 1 - own.mean
        finding.evidence = .object([
            "subject": .string(dimension.rawValue), "dimension": .string(dimension.rawValue),
            "score": .number(own.mean),
        ])
        draft.report(finding)
    }

    /// What there is most of in each respect.
    private func kinds(_ data: SideVariety, to draft: inout ReportDraft) {
        let n = data.traits.count
        guard n > 0 else { return }
        var rows: [JSONValue] = []
        func add(_ name: String, _ values: [String]) {
            var counts: [String: Int] = [:]
            for value in values where !value.isEmpty { counts[value, default: 0] += 1 }
            let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            guard !sorted.isEmpty else { return }
            let shown = sorted.prefix(4).map {
                "\($0.key) \(NumberText.percent(Double($0.value) / Double(n)))"
            }
            rows.append(
                .array([
                    .string(name), JSONValue(sorted.count),
                    .string(shown.joined(separator: ", ")),
                ]))
        }
        for aspect in RecordTraits.Aspect.allCases {
            add(
                String(describing: aspect),
                data.traits.map { aspect.categories[Int($0.style[aspect.rawValue])] })
        }
        add("form", data.traits.map(\.form.name))
        add(
            "exchanges",
            data.traits.map { ["1", "2", "3 or 4", "5 and more"][$0.turnBand] })
        add("opener", data.traits.map(\.opener))
        add("language", data.languages)
        add("domain", data.domains(data.domainKind))
        draft.show(
            "table", "What there is most of (\(n) sampled records)",
            .object([
                "columns": ["respect", "kinds", "the commonest"], "rows": .array(rows),
            ]))
    }

    /// First verbs with their objects, and how many records begin with each.
    private func openers(_ data: SideVariety, to draft: inout ReportDraft) {
        var counts: [String: Int] = [:]
        for traits in data.traits where !traits.opener.isEmpty {
            counts[traits.opener, default: 0] += 1
        }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .prefix(VarietyReport.mostOpeners)
        guard sorted.count > 1 else { return }
        draft.show(
            "treemap", "How prompts begin (\(data.traits.count) sampled records)",
            .object([
                "unit": "records",
                "tiles": .array(
                    sorted.map { opener, count in
                        .object([
                            "label": .string(opener), "value": JSONValue(count),
                            "group": .string(
                                opener.split(separator: " ").first.map(String.init) ?? ""),
                        ])
                    }),
            ]))
    }

    /// A name for every topic, by the words that set it apart.
    private func topicNames(_ data: SideVariety, _ topics: [Int32]) -> [String] {
        guard let last = topics.max(), last >= 0 else { return [] }
        return TopicNames(
            data.records.map { $0.prompt.isEmpty ? $0.response : $0.prompt }, groups: topics,
            count: Int(last) + 1
        ).names
    }

    private func map(_ data: SideVariety, _ topics: [Int32], to draft: inout ReportDraft) {
        guard data.hasVectors else { return }
        let shown = data.records.indices.prefix(VarietyReport.mapped).filter {
            data.vectors.dot($0, data.vectors, $0) > 0.5
        }
        guard shown.count > 2 else { return }
        var set = VectorSet(dimensions: data.vectors.dimensions)
        for index in shown { set.append(index, of: data.vectors) }
        let points = NeighbourLayout.points(set, seed: seed, work: host)
        let names = topicNames(data, topics)
        draft.show(
            "scatter", "Map of the data: \(shown.count) records, near ones are alike",
            .object([
                "x_label": "", "y_label": "", "group_label": "topic",
                "points": .array(
                    zip(shown, points).map { index, point in
                        let record = data.records[index]
                        let text = record.prompt.isEmpty ? record.response : record.prompt
                        let topic = topics.isEmpty || topics[index] < 0 ? -1 : Int(topics[index])
                        let excerpt = PackedBytes.excerpt(text, most: 80)
                        return .object([
                            "x": .number(Double((point.x * 1000).rounded()) / 1000),
                            "y": .number(Double((point.y * 1000).rounded()) / 1000),
                            "label": .string(
                                record.label.isEmpty ? excerpt : "\(record.label): \(excerpt)"),
                            "row_index": JSONValue(record.row),
                            "group": .string(topic < 0 ? "" : names[topic]),
                        ])
                    }),
            ]))
    }
}
