import AssayKit
import DistributionAlgorithm
import Numerics

/// Compares two sides family by family.
struct FamilyComparer {
    let settings: Settings
    let host: HostServices
    let seed: UInt64

    /// Values of a family that are told apart; the rarer ones are one.
    private static let mostValues = 1000
    private static let driverCount = 10
    /// Topics that the sampled records of both sides fall into, at most.
    private static let mostTopics = 50

    /// All families that both sides have, those that differ most first; what a classifier said of the
    /// sampled records, the left side's first.
    func all(_ left: SideView, _ right: SideView) throws -> (
        families: [FamilyComparison], scores: [Double]
    ) {
        let vectors = try vectors(left, right)
        var found = divergent(left, right, vectors)
        let n = left.rows.count + right.rows.count
        if let vectors {
            let compared = VectorComparison(
                vectors.left, vectors.right, rounds: settings.rounds, seed: seed &+ 2, work: host)
            found.append(
                FamilyComparison(
                    name: "embedding", kind: .embedding, effects: [.mmd: compared.effect], n: n,
                    drivers: []))
        }
        host.reportProgress(3, of: 4)
        let classifier = DomainClassifier(
            left.grams, right.grams, rounds: settings.rounds, seed: seed &+ 4, work: host)
        found.append(
            FamilyComparison(
                name: "classifier", kind: .classifier, effects: [.auc: classifier.effect], n: n,
                drivers: []))
        return (FamilyComparer.ranked(found), classifier.scores)
    }

    /// The families that have a divergence.
    func divergences(_ left: SideView, _ right: SideView) throws -> [FamilyComparison] {
        FamilyComparer.ranked(divergent(left, right, try vectors(left, right)))
    }

    private func divergent(
        _ left: SideView, _ right: SideView, _ vectors: (left: VectorSet, right: VectorSet)?
    ) -> [FamilyComparison] {
        var found = simple(left, right, names: ["label"] + settings.fields.map(Settings.familyName))
        if let family = languages(left, right) { found.append(family) }
        host.reportProgress(1, of: 4)
        if let words = words(left, right) { found.append(words) }
        host.reportProgress(2, of: 4)
        if let vectors { found.append(topics(left, right, vectors)) }
        return found
    }

    /// Families that need no vectors and no classifier.
    func plain(_ left: SideView, _ right: SideView) -> [FamilyComparison] {
        let found = simple(left, right, names: ["label"]) + [words(left, right)].compactMap { $0 }
        return FamilyComparer.ranked(found)
    }

    /// Families by how far they differ, those without a divergence behind the others.
    ///
    /// A label, field or language counts twice: it names the cause of which words and topics are traces.
    private static func ranked(_ families: [FamilyComparison]) -> [FamilyComparison] {
        families.enumerated().sorted { first, second in
            let (a, b) = (first.element, second.element)
            let (hasA, hasB) = (a.mainMeasure == .js, b.mainMeasure == .js)
            guard hasA == hasB else { return hasA }
            return (rank(b), first.offset) < (rank(a), second.offset)
        }.map(\.element)
    }

    private static func rank(_ family: FamilyComparison) -> Double {
        family.main.corrected * (family.kind == .values ? 2 : 1)
    }

    private func simple(
        _ left: SideView, _ right: SideView, names: [String]
    ) -> [FamilyComparison] {
        var found: [FamilyComparison] = []
        for (index, name) in names.enumerated()
        where left.values.indices.contains(index) && right.values.indices.contains(index) {
            let family = values(
                name, left.values[index], right.values[index],
                (left.rowCount, right.rowCount), seed: seed &+ UInt64(index) << 8)
            if let family { found.append(family) }
        }
        for (part, name) in ["prompt_length", "response_length"].enumerated() {
            if let family = lengths(name, left, right, part) { found.append(family) }
        }
        return found
    }

    /// Languages of the sampled records.
    private func languages(_ left: SideView, _ right: SideView) -> FamilyComparison? {
        func tags(_ rows: [SampledRow]) -> [String: Int] {
            let found = host.map(rows.count) { host.language(of: rows[$0].text)?.tag }
            return found.reduce(into: [:]) { counts, tag in
                if let tag { counts[tag, default: 0] += 1 }
            }
        }
        return values(
            "language", tags(left.rows), tags(right.rows), (left.rows.count, right.rows.count),
            seed: seed &+ 5)
    }

    private func values(
        _ name: String, _ a: [String: Int], _ b: [String: Int], _ sizes: (left: Int, right: Int),
        seed: UInt64
    ) -> FamilyComparison? {
        guard !a.isEmpty, !b.isEmpty else { return nil }
        let all = a.merging(b, uniquingKeysWith: +)
        var names = all.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        let rare = names.dropFirst(FamilyComparer.mostValues)
        names = Array(names.prefix(FamilyComparer.mostValues)).sorted()
        func counts(_ side: [String: Int], _ rowCount: Int) -> [Int] {
            let none = rowCount - side.values.reduce(0, +)
            return names.map { side[$0, default: 0] } + [
                rare.reduce(0) { $0 + side[$1, default: 0] }, max(0, none),
            ]
        }
        var (p, q) = (counts(a, sizes.left), counts(b, sizes.right))
        names += ["(other)", "(none)"]
        let used = names.indices.filter { p[$0] + q[$0] > 0 }
        (names, p, q) = (used.map { names[$0] }, used.map { p[$0] }, used.map { q[$0] })
        guard names.count > 1 else { return nil }
        let compared = BinComparison(
            p, q, rounds: settings.rounds, seed: seed, work: host)
        return FamilyComparison(
            name: name, kind: .values,
            effects: compared.effects, n: sizes.left + sizes.right,
            drivers: FamilyComparer.drivers(names, p, q, compared.contributions))
    }

    private static func drivers(
        _ names: [String], _ p: [Int], _ q: [Int], _ contributions: [Double]
    ) -> [FamilyComparison.Driver] {
        let (n, m) = (Double(max(1, p.reduce(0, +))), Double(max(1, q.reduce(0, +))))
        return names.indices.sorted {
            (contributions[$1], $0) < (contributions[$0], $1)
        }.prefix(driverCount).map {
            FamilyComparison.Driver(
                name: names[$0], left: Double(p[$0]) / n, right: Double(q[$0]) / m,
                contribution: contributions[$0])
        }
    }

    private func lengths(
        _ name: String, _ left: SideView, _ right: SideView, _ part: Int
    ) -> FamilyComparison? {
        let (a, b) = (left.lengths[part], right.lengths[part])
        let lengths = Set(a.keys).union(b.keys).sorted()
        guard lengths.count > 1, a.contains(where: { $0.key > 0 }),
            b.contains(where: { $0.key > 0 })
        else { return nil }
        let (p, q) = (
            lengths.map { a[$0, default: 0] }, lengths.map { b[$0, default: 0] }
        )
        // Bands double: 0, 1, 2 to 3, 4 to 7, … words.
        let bands = lengths.map { $0 == 0 ? 0 : UInt32.bitWidth - $0.leadingZeroBitCount }
        let compared = BinComparison(
            p, q, values: lengths.map(Double.init), bands: bands, rounds: settings.rounds,
            seed: seed &+ UInt64(part) << 16, work: host)
        let count = compared.contributions.count
        var (bandsP, bandsQ) = (
            [Int](repeating: 0, count: count), [Int](repeating: 0, count: count)
        )
        for (place, band) in bands.enumerated() {
            bandsP[band] += p[place]
            bandsQ[band] += q[place]
        }
        let names = (0..<count).map(FamilyComparer.bandName)
        let (n, m) = (Double(left.rowCount), Double(right.rowCount))
        var family = FamilyComparison(
            name: name, kind: .lengths, effects: compared.effects,
            n: left.rowCount + right.rowCount,
            drivers: FamilyComparer.drivers(names, bandsP, bandsQ, compared.contributions))
        let first = bands.first ?? 0
        family.bands = (first..<count).map {
            FamilyComparison.Driver(
                name: FamilyComparer.bandLabel($0), left: Double(bandsP[$0]) / max(1, n),
                right: Double(bandsQ[$0]) / max(1, m), contribution: compared.contributions[$0])
        }
        return family
    }

    private static func bandName(_ band: Int) -> String {
        band == 0
            ? "no words" : band == 1 ? "1 word" : "\(1 << (band - 1)) to \((1 << band) - 1) words"
    }

    /// `16–31`.
    private static func bandLabel(_ band: Int) -> String {
        band < 2 ? "\(band)" : "\(1 << (band - 1))–\((1 << band) - 1)"
    }

    private func words(_ left: SideView, _ right: SideView) -> FamilyComparison? {
        guard left.rows.contains(where: { !$0.tokens.isEmpty }),
            right.rows.contains(where: { !$0.tokens.isEmpty })
        else { return nil }
        let compared = RecordComparison(
            left.words, right.words, rounds: settings.rounds, seed: seed &+ 1, work: host)
        let family = FamilyComparison(
            name: "words", kind: .words, effects: compared.effects,
            n: left.rows.count + right.rows.count, drivers: [])
        guard family.isShift(significance: settings.significance) else { return family }
        let terms = TermContrast(left.rows.map(\.text), right.rows.map(\.text), work: host)
        return FamilyComparison(
            name: family.name, kind: .words, effects: family.effects, n: family.n,
            drivers: terms.terms.prefix(FamilyComparer.driverCount).map { term in
                let rows = term.left >= term.right ? left.rows : right.rows
                return FamilyComparison.Driver(
                    name: term.name, left: term.left, right: term.right,
                    contribution: term.contribution, example: rows[term.example].excerpt)
            })
    }

    /// Vectors of the sampled texts; `nil` where the run has no table to make them with.
    private func vectors(
        _ left: SideView, _ right: SideView
    ) throws -> (left: VectorSet, right: VectorSet)? {
        guard let embedder = host.embedder() else { return nil }
        func embedded(_ rows: [SampledRow]) throws -> VectorSet {
            let found = host.map(rows.count) { index in
                try? embedder.vector(of: String(decoding: rows[index].text, as: UTF8.self))
            }
            var vectors = VectorSet(dimensions: embedder.dimensions)
            vectors.reserveCapacity(rows.count)
            for vector in found {
                guard let vector else { throw AnalyzerError("the host could not embed a text") }
                vectors.append(vector.span)
            }
            return vectors
        }
        return (try embedded(left.rows), try embedded(right.rows))
    }

    private func topics(
        _ left: SideView, _ right: SideView, _ vectors: (left: VectorSet, right: VectorSet)
    ) -> FamilyComparison {
        let a = vectors.left
        var all = a
        all.append(contentsOf: vectors.right)
        let n = all.count
        let count = min(
            FamilyComparer.mostTopics, max(2, Int(Double(n).squareRoot() / 2)))
        let groups = SphericalMeans(
            SphericalMeans.centered(all), count: count, rounds: 10, seed: seed, work: host)
        var (p, q) = ([Int](repeating: 0, count: count), [Int](repeating: 0, count: count))
        for (index, group) in groups.groups.enumerated() where group >= 0 {
            if index < a.count { p[Int(group)] += 1 } else { q[Int(group)] += 1 }
        }
        let compared = BinComparison(
            p, q, hasFrontier: true, rounds: settings.rounds, seed: seed &+ 3, work: host)
        let texts = (left.rows + right.rows).map(\.text)
        let isShift = FamilyComparison(
            name: "topics", kind: .topics, effects: compared.effects, n: n, drivers: []
        ).isShift(significance: settings.significance)
        let names =
            isShift
            ? TopicNames(texts, groups: groups.groups, count: count).names
            : [String](repeating: "", count: count)
        let labels = names.indices.map { names[$0].isEmpty ? "topic \($0 + 1)" : names[$0] }
        var drivers = FamilyComparer.drivers(labels, p, q, compared.contributions)
        for place in drivers.indices {
            guard let topic = labels.firstIndex(of: drivers[place].name) else { continue }
            let isLeft = drivers[place].left >= drivers[place].right
            let nearest = groups.groups.indices.filter {
                groups.groups[$0] == Int32(topic) && ($0 < a.count) == isLeft
            }.max { (groups.likeness[$0], $1) < (groups.likeness[$1], $0) }
            if let nearest {
                drivers[place].example =
                    nearest < a.count
                    ? left.rows[nearest].excerpt : right.rows[nearest - a.count].excerpt
            }
        }
        return FamilyComparison(
            name: "topics", kind: .topics, effects: compared.effects, n: n, drivers: drivers)
    }
}
