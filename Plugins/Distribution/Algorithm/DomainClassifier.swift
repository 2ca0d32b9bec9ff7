public import Numerics

/// Tells which of two samples a record is from by its words and pairs of words (naive Bayes over hashed
/// n-grams), each record by a model that was made without it.
public struct DomainClassifier: Sendable {
    /// Area under the curve: 0.5 where the sides cannot be told apart, 1 where every record can.
    public let effect: Effect
    /// Mean log-likelihood ratio of a record's n-grams, the reference's side positive; first the left
    /// sample's records, then the reference's.
    public let scores: [Double]

    /// Parts that take turns in being judged.
    private static let folds = 5

    /// Judges both samples, over the same bins.
    ///
    /// With an empty side nothing differs and p is 1. The null makes the models anew for every deal.
    /// O(rounds · (n-grams + folds · bins + n log n)).
    public init(
        _ left: RecordBins, _ reference: RecordBins, rounds: Int, seed: UInt64,
        work: some WorkSharing
    ) {
        let (n, m) = (left.count, reference.count)
        guard n > 0, m > 0 else {
            effect = Effect(0.5, null: [], bootstrap: [])
            scores = []
            return
        }
        let fold = (0..<n + m).map {
            UInt8(
                StableHash.mix(seed ^ StableHash.mix(UInt64($0))) % UInt64(DomainClassifier.folds))
        }
        let side = (0..<n + m).map { $0 >= n }
        let pooled = DomainClassifier.counts(left, reference, side.map { _ in true }, fold)
        @Sendable func judge(_ side: [Bool]) -> [Double] {
            DomainClassifier.judge(left, reference, side, fold, pooled)
        }
        @Sendable func area(_ scores: [Double], _ side: [Bool]) -> Double {
            RankingQuality(scores: scores, isPositive: side)?.areaUnderCurve ?? 0.5
        }
        let observed = judge(side)
        let null = work.map(rounds) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(2 * round))
            var dealt = side
            dealt.shuffle(using: &generator)
            return area(judge(dealt), dealt)
        }
        let bootstrap = work.map(rounds) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(2 * round + 1))
            let drawn = (0..<n + m).map { index in
                index < n
                    ? Int(generator.below(UInt64(n))) : n + Int(generator.below(UInt64(m)))
            }
            return area(drawn.map { observed[$0] }, side)
        }
        scores = observed
        effect = Effect(area(observed, side), null: null, bootstrap: bootstrap)
    }

    /// Counts of the bins of the chosen records by fold, one fold after the other.
    private static func counts(
        _ left: RecordBins, _ reference: RecordBins, _ isChosen: [Bool], _ fold: [UInt8]
    ) -> [Int32] {
        var counts = [Int32](repeating: 0, count: folds * left.binCount)
        for record in isChosen.indices where isChosen[record] {
            let first = Int(fold[record]) * left.binCount
            if record < left.count {
                left.add(record, times: 1, to: &counts, from: first)
            } else {
                reference.add(record - left.count, times: 1, to: &counts, from: first)
            }
        }
        return counts
    }

    /// What models without a record say of it, when the records of `side` are the reference.
    private static func judge(
        _ left: RecordBins, _ reference: RecordBins, _ side: [Bool], _ fold: [UInt8],
        _ pooled: [Int32]
    ) -> [Double] {
        let (n, size) = (left.count, left.binCount)
        let own = counts(left, reference, side, fold)
        let models = (0..<folds).map { part in
            var data = [Double](repeating: 0, count: size)
            var target = data
            for other in 0..<folds where other != part {
                for bin in 0..<size {
                    let count = own[other * size + bin]
                    target[bin] += Double(count)
                    data[bin] += Double(pooled[other * size + bin] - count)
                }
            }
            return GramRatios(data, target)
        }
        return side.indices.map { record in
            let model = models[Int(fold[record])]
            return record < n
                ? model.mean(of: left, record) : model.mean(of: reference, record - n)
        }
    }
}

/// Log-likelihood ratios of n-grams, a reference against data.
public struct GramRatios: Sendable {
    /// By bin; 0 for one that occurs on neither side.
    public let ratios: [Float]

    /// Counts of the n-grams that a smoothed share leans on, a bin: half a count.
    private static let smoothing = 0.5

    /// Takes ratios of smoothed shares: each side is smoothed towards both together.
    ///
    /// O(bins).
    public init(_ data: [Double], _ reference: [Double]) {
        let (p, q) = (data.reduce(0, +), reference.reduce(0, +))
        let used = Double(zip(data, reference).count { $0 + $1 > 0 })
        let weight = GramRatios.smoothing * used
        ratios = zip(data, reference).map { a, b in
            guard a + b > 0, p > 0, q > 0 else { return 0 }
            let prior = weight * (a + b) / (p + q)
            return Float(
                Elementary.log((b + prior) * (p + weight) / ((a + prior) * (q + weight))))
        }
    }

    /// Reads ratios as they were.
    public init(ratios: [Float]) { self.ratios = ratios }

    /// The mean ratio of a record's n-grams; 0 for a record without any.
    func mean(of records: RecordBins, _ record: Int) -> Double {
        let (ratios, bins) = (ratios.span, records.bins.span)
        var sum: Float = 0
        let places = records.starts[record]..<records.starts[record + 1]
        for place in places { sum += ratios[Int(bins[place])] }
        return places.isEmpty ? 0 : Double(sum) / Double(places.count)
    }

    /// The mean ratio of a text's n-grams and their number.
    ///
    /// As `RecordBins.append(gramsOf:)`. O(tokens).
    func mean(ofGrams tokens: Span<UInt32>) -> (mean: Double, count: Int) {
        let ratios = ratios.span
        var sum: Float = 0
        var before: UInt64 = 0
        for index in tokens.indices {
            let token = UInt64(tokens[index])
            sum += ratios[Int(RecordBins.bin(token, ratios.count))]
            if index > 0 {
                sum += ratios[Int(RecordBins.bin(before << 32 | token, ratios.count))]
            }
            before = token
        }
        let count = max(0, 2 * tokens.count - 1)
        return (count == 0 ? 0 : Double(sum) / Double(count), count)
    }
}
