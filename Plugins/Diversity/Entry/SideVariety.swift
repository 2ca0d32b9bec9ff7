import AssayKit
import DiversityAlgorithm
import Numerics

/// The sampled records of one side, looked at in every respect.
struct SideVariety: Sendable {
    let records: [SampledText]
    let traits: [RecordTraits]
    let languages: [String]
    let vectors: VectorSet
    /// Whether the host could embed.
    let hasVectors: Bool
    /// Words of the sampled records.
    let tokenCount: Int

    /// What one subsample shows.
    struct Measures: Sendable {
        var scores: [Dimension: Double] = [:]
        var others: [String: Double] = [:]
    }

    init(_ sample: TextSample, host: HostServices) throws {
        let records = sample.records
        self.records = records
        tokenCount = records.reduce(0) { $0 + $1.tokens.count }
        let looked = host.mapShares(records.count, share: 32) { range in
            range.map { index in
                let record = records[index]
                return (
                    RecordTraits(
                        prompt: String(decoding: record.prompt, as: UTF8.self),
                        response: String(decoding: record.response, as: UTF8.self),
                        wordCount: record.wordCount, exchanges: record.exchanges),
                    host.language(of: record.prompt + [10] + record.response)?.tag ?? "und"
                )
            }
        }
        traits = looked.map(\.0)
        languages = looked.map(\.1)
        let embedder = host.embedder()
        hasVectors = embedder != nil
        var vectors = VectorSet(dimensions: embedder?.dimensions ?? 1)
        if let embedder {
            let found = host.mapShares(records.count, share: 32) { range in
                range.map { index -> [Float] in
                    let text = String(
                        decoding: records[index].prompt + [10] + records[index].response,
                        as: UTF8.self)
                    return (try? embedder.vector(of: text)) ?? []
                }
            }
            for vector in found { vectors.append(vector.span) }
        }
        self.vectors = vectors
    }

    /// What a record's domain is told by.
    enum DomainKind {
        case category, label, file
    }

    /// Categories of the taxonomy where there are any, or labels, or files where there are several; `nil` for
    /// none of them.
    var domainKind: DomainKind? {
        if records.contains(where: { !$0.domain.isEmpty }) { return .category }
        if records.contains(where: { !$0.label.isEmpty }) { return .label }
        return Set(records.map(\.file)).count > 1 ? .file : nil
    }

    /// The domain of every record; empty where all of them lack one.
    func domains(_ kind: DomainKind?) -> [String] {
        guard let kind else { return [] }
        let names = records.map { record in
            switch kind {
            case .category: record.domain
            case .label: record.label
            case .file: record.file
            }
        }
        return names.contains { !$0.isEmpty } ? names : []
    }

    /// Measures a subsample of `size` records, of which the words of the first `words` count; the Vendi score
    /// is that of `vendiSize` records.
    func measure(
        size: Int, vendiSize: Int, words: Int, domains: [String], categories: Int, groups: [Int32],
        seed: UInt64,
        round: Int
    ) -> Measures {
        var generator = SeededGenerator(seed: seed, stream: UInt64(round))
        var order = Array(records.indices)
        for place in 0..<min(max(size, vendiSize), order.count) {
            order.swapAt(place, place + Int(generator.below(UInt64(order.count - place))))
        }
        let drawn = Array(order.prefix(size))
        var measures = Measures()
        lexical(order, words, &measures)
        let logSize = Elementary.log(Double(max(2, drawn.count)))
        if hasVectors {
            let semantic = SemanticDiversity(vectors, drawn)
            let vendi = SemanticDiversity.vendi(vectors, Array(order.prefix(vendiSize)))
            measures.scores[.semantic] =
                vendi > 0 ? Elementary.log(vendi) / Elementary.log(Double(max(2, vendiSize))) : 0
            measures.others["vendi"] = vendi
            measures.others["nearest_distance"] = semantic.nearestDistance
            measures.others["novelsum"] = semantic.novelSum
            if !groups.isEmpty {
                let counts = Self.counts(drawn.map { groups[$0] }.filter { $0 >= 0 })
                measures.others["topics_effective"] = HillNumber.of(counts, order: 1)
            }
        }
        let aspects = RecordTraits.Aspect.allCases
        let style = aspects.reduce(0) { sum, aspect in
            let counts = Self.counts(drawn.map { traits[$0].style[aspect.rawValue] })
            return sum + HillNumber.evenness(counts, of: aspect.categories.count)
        }
        measures.scores[.style] = style / Double(aspects.count)
        measures.scores[.form] = HillNumber.evenness(
            Self.counts(
                drawn.map { traits[$0].form.rawValue * 8 + traits[$0].turnBand }),
            of: RecordTraits.Form.allCases.count * RecordTraits.turnBandCount)
        let openers = HillNumber.of(Self.counts(drawn.map { traits[$0].opener }), order: 1)
        measures.scores[.openers] = openers > 0 ? Elementary.log(openers) / logSize : 0
        measures.others["openers_effective"] = openers
        let tags = HillNumber.of(Self.counts(drawn.map { languages[$0] }), order: 2)
        measures.scores[.language] = tags > 0 ? 1 - 1 / tags : 0
        if categories > 1, !domains.isEmpty {
            measures.scores[.domain] = HillNumber.evenness(
                Self.counts(drawn.map { domains[$0] }.filter { !$0.isEmpty }),
                of: min(categories, drawn.count))
        }
        return measures
    }

    /// Of the records in order as many as have so many words, the last in part.
    private func lexical(_ order: [Int], _ words: Int, _ measures: inout Measures) {
        var taken: [[UInt32]] = []
        var texts: [UInt8] = []
        var left = words
        for index in order where left > 0 {
            let tokens = records[index].tokens.prefix(left)
            guard !tokens.isEmpty else { continue }
            left -= tokens.count
            taken.append(Array(tokens))
            texts += records[index].prompt + [10] + records[index].response + [10]
        }
        let found = LexicalDiversity(taken)
        measures.scores[.lexical] = found.distinct[1]
        for gram in 1...3 { measures.others["distinct_\(gram)"] = found.distinct[gram - 1] }
        measures.others["entropy"] = found.entropy
        measures.others["mtld"] = found.mtld
        measures.others["self_repetition"] = found.selfRepetition
        measures.others["compression_ratio"] =
            texts.isEmpty ? 1 : Double(texts.count) / Double(CompressedSize.bytes(of: texts))
    }

    static func counts<Value: Hashable>(_ values: [Value]) -> [Int] {
        var counts: [Value: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        return counts.values.sorted()
    }
}
