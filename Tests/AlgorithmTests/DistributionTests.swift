import DistributionAlgorithm
import Numerics
import Support
import Testing

/// Comparisons of made samples.
@Suite struct DistributionTests {
    private func bins(
        _ count: Int, words: Int, offset: Int, of bins: Int, seed: UInt64
    ) -> RecordBins {
        var generator = SeededGenerator(seed: seed)
        var records = RecordBins(binCount: bins)
        for _ in 0..<count {
            records.append { list in
                for _ in 0..<words {
                    list.append(UInt16(offset + Int(generator.below(UInt64(bins - offset)))))
                }
            }
        }
        return records
    }

    private func compare(_ left: RecordBins, _ right: RecordBins, seed: UInt64) -> Effect {
        RecordComparison(left, right, rounds: 99, seed: seed, work: TestThreads()).effects[.js]
            ?? .none
    }

    @Test("two samples of one distribution do not differ by more than chance")
    func null() {
        // Raw divergence of such samples is far from 0: only the corrected one may be reported.
        var pValues: [Double] = []
        var corrected = 0.0
        for seed in 0..<60 {
            let effect = compare(
                bins(150, words: 1, offset: 0, of: 50, seed: UInt64(2 * seed + 1)),
                bins(150, words: 1, offset: 0, of: 50, seed: UInt64(1000 + 2 * seed)),
                seed: UInt64(seed))
            #expect(effect.value > 0.03)
            corrected += effect.corrected / 60
            pValues.append(effect.pValue)
        }
        // Its standard error is 0.003: 0.024 of one, over 60.
        #expect(abs(corrected) < 0.01)
        // Uniform: of 60 p-values 30 ± 3.9 lie below one half, 6 ± 2.3 below a tenth.
        #expect((14...46).contains(pValues.count { $0 <= 0.5 }), "\(pValues)")
        #expect(pValues.count { $0 <= 0.1 } <= 15, "\(pValues)")
    }

    @Test("a planted shift is found with the smallest p-value there is")
    func shift() {
        let effect = compare(
            bins(300, words: 3, offset: 0, of: 20, seed: 1),
            bins(300, words: 3, offset: 10, of: 20, seed: 2), seed: 4)
        #expect(effect.pValue == 1.0 / 100)
        #expect(effect.corrected > 0.2 && effect.interval.lowerBound > 0.2)
        #expect(effect.interval.contains(effect.corrected))
    }

    @Test("records of one bin are what counts of bins are")
    func oneBin() {
        let (left, right) = (
            bins(200, words: 1, offset: 0, of: 12, seed: 5),
            bins(300, words: 1, offset: 2, of: 12, seed: 6)
        )
        func counts(_ count: Int, _ offset: Int, _ seed: UInt64) -> [Int] {
            var generator = SeededGenerator(seed: seed)
            var counts = [Int](repeating: 0, count: 12)
            for _ in 0..<count { counts[offset + Int(generator.below(UInt64(12 - offset)))] += 1 }
            return counts
        }
        let whole = RecordComparison(left, right, rounds: 400, seed: 1, work: TestThreads())
        let counted = BinComparison(
            counts(200, 0, 5), counts(300, 2, 6), rounds: 400, seed: 2, work: TestThreads())
        for measure in [Measure.js, .kl, .klReverse, .totalVariation, .hellinger, .psi] {
            let (a, b) = (whole.effects[measure] ?? .none, counted.effects[measure] ?? .none)
            #expect(abs(a.value - b.value) < 1e-9, "\(measure)")
            // The same null, drawn in two ways.
            #expect(abs(a.nullMean - b.nullMean) < 0.1 * b.nullMean + 1e-3, "\(measure)")
        }
    }

    @Test("an empty side differs in nothing")
    func empty() {
        let (some, none) = (
            bins(5, words: 2, offset: 0, of: 4, seed: 1), RecordBins(binCount: 4)
        )
        for (left, right) in [(none, some), (some, none), (none, none)] {
            let effect = compare(left, right, seed: 0)
            #expect(effect.pValue == 1 && effect.corrected == 0)
            let told = DomainClassifier(left, right, rounds: 5, seed: 0, work: SerialWork())
            #expect(told.effect.value == 0.5 && told.effect.pValue == 1)
        }
        let counted = BinComparison([0, 0], [1, 2], rounds: 9, seed: 0, work: SerialWork())
        #expect(counted.effects[.js]?.pValue == 1 && counted.contributions == [0, 0])
        let vectors = VectorSet(dimensions: 4)
        #expect(
            VectorComparison(vectors, vectors, rounds: 5, seed: 0, work: SerialWork()).effect.pValue
                == 1)
    }

    @Test("measures of lengths are in words")
    func lengths() {
        // All twice as long: 10 to 20, 20 to 40.
        let compared = BinComparison(
            [50, 50, 0], [0, 50, 50], values: [10, 20, 40], bands: [0, 1, 2], rounds: 50, seed: 1,
            work: SerialWork())
        #expect(abs((compared.effects[.wasserstein]?.value ?? 0) - 15) < 1e-9)
        #expect(compared.effects[.ks]?.value == 0.5)
        #expect(compared.effects[.js]?.value == 0.5)
        #expect(compared.effects[.wasserstein]?.pValue == 1.0 / 51)
    }

    /// Two unit vectors, a side each.
    ///
    /// The only distance is the width, so that the kernel is e^(−½) whatever the cosine, and the squared
    /// discrepancy 2 − 2 e^(−½) = 0.7869. Three vectors, a and b against b: |φ(a) − φ(b)|² / 4 = 0.1967 where
    /// the width is that distance as well.
    @Test("the discrepancy of vectors is that of the Gaussian kernel")
    func discrepancy() {
        func mean(_ left: [[Float]], _ right: [[Float]]) -> Double {
            func set(_ vectors: [[Float]]) -> VectorSet {
                var set = VectorSet(dimensions: 3)
                for vector in vectors { set.append(vector.span) }
                return set
            }
            let seeds = 60
            return (0..<seeds).reduce(0.0) {
                $0
                    + VectorComparison(
                        set(left), set(right), rounds: 1, seed: UInt64($1), work: SerialWork()
                    ).effect.value / Double(seeds)
            }
        }
        let (a, b, near): ([Float], [Float], [Float]) = ([1, 0, 0], [0, 1, 0], [0.8, 0.6, 0])
        // One draw of 128 frequencies has a standard error of about 0.06, sixty of 0.008.
        #expect(abs(mean([a], [b]) - 0.7869) < 0.03)
        #expect(abs(mean([a], [near]) - 0.7869) < 0.03)
        #expect(abs(mean([a, b], [b]) - 0.1967) < 0.02)
        #expect(mean([a, b], [a, b]) < 1e-9)
    }

    @Test("a classifier tells two sides apart by their words, and one side not from itself")
    func classifier() {
        let (left, right) = (
            bins(300, words: 20, offset: 0, of: 400, seed: 1),
            bins(300, words: 20, offset: 200, of: 400, seed: 2)
        )
        let apart = DomainClassifier(left, right, rounds: 30, seed: 1, work: TestThreads())
        #expect(apart.effect.value > 0.99 && apart.effect.pValue == 1.0 / 31)
        #expect(apart.scores.count == 600)
        let one = DomainClassifier(
            left, bins(300, words: 20, offset: 0, of: 400, seed: 9), rounds: 99, seed: 1,
            work: TestThreads())
        #expect(one.effect.pValue > 0.02 && abs(one.effect.value - 0.5) < 0.08)
        #expect(one.effect.interval.contains(0.5 - one.effect.nullMean))
    }
}
