import DistributionAlgorithm
import Numerics
import Testing

/// Drawing records by weight.
@Suite struct ResampleTests {
    private func weights(_ count: Int, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in 6 * generator.uniform() - 3 }
    }

    @Test("sizes are kept, no record is taken more often than it may be", arguments: [1, 2, 5])
    func cap(most: Int) {
        for seed: UInt64 in 0..<20 {
            let logWeights = weights(57, seed: seed)
            for size in [0, 1, 20, 56, 57, 58, 57 * most, 57 * most + 9] {
                let drawn = Resample(
                    logWeights: logWeights, size: size, mostCopies: most, seed: seed)
                let reachable = min(size, 57 * most)
                #expect(drawn.size == reachable)
                #expect(drawn.missing == [size - reachable])
                #expect(drawn.copies.allSatisfy { (0...most).contains($0) })
            }
            // As many as there are, once each, is all of them.
            let all = Resample(logWeights: logWeights, size: 57, mostCopies: 1, seed: seed)
            #expect(all.copies == [Int](repeating: 1, count: 57))
        }
    }

    @Test("the same seed draws the same, another one something else")
    func seeded() {
        let logWeights = weights(200, seed: 1)
        for most in [1, 3] {
            func draw(_ seed: UInt64) -> [Int] {
                Resample(logWeights: logWeights, size: 80, mostCopies: most, seed: seed).copies
            }
            #expect(draw(4) == draw(4))
            #expect(draw(4) != draw(5))
        }
    }

    @Test("records are drawn as often as their weights say")
    func fair() {
        // One of ten, with weight 3 against 1: 3/12. With copies: 3 · 4/12 expected, from one draw.
        var first = 0
        for seed: UInt64 in 0..<4000 {
            let logWeights = [Elementary.log(3)] + [Double](repeating: 0, count: 9)
            first += Resample(logWeights: logWeights, size: 1, mostCopies: 1, seed: seed).copies[0]
        }
        #expect(abs(Double(first) / 4000 - 0.25) < 0.03)
        let logWeights = [Elementary.log(3)] + [Double](repeating: 0, count: 9)
        var copies = 0
        for seed: UInt64 in 0..<4000 {
            copies += Resample(logWeights: logWeights, size: 6, mostCopies: 4, seed: seed).copies[0]
        }
        #expect(abs(Double(copies) / 4000 - 1.5) < 0.05)
    }

    @Test("what a heavy record may not have goes to the others")
    func waterfilling() {
        // Weights 100, 1, 1 and at most 2 copies: 2 of the first, the other 3 shared out.
        let drawn = Resample(
            logWeights: [Elementary.log(100), 0, 0], size: 5, mostCopies: 2, seed: 1)
        #expect(drawn.copies[0] == 2 && drawn.copies[1] + drawn.copies[2] == 3)
    }

    @Test("the effective size is all for equal weights and falls as they concentrate")
    func effectiveSize() {
        func size(_ logWeights: [Double]) -> Double {
            Resample.effectiveSize(logWeights: logWeights, mostWeight: 1000)
        }
        #expect(abs(size([0, 0, 0, 0]) - 4) < 1e-9)
        // (3 + 1)² / (9 + 1) = 1.6.
        #expect(abs(size([Elementary.log(3), 0]) - 1.6) < 1e-9)
        var last = 101.0
        for factor in [0.0, 0.5, 1, 2, 4] {
            let now = size(weights(100, seed: 3).map { $0 * factor })
            #expect(now < last)
            last = now
        }
        // Clipped at twice the mean: weights 1, 1, 1, 9 of mean 3 become 1, 1, 1, 6.
        let clipped = Resample.weights([0, 0, 0, Elementary.log(9)], most: 2)
        #expect(abs(clipped[3] / clipped[0] - 6) < 1e-9)
        #expect(abs(clipped.reduce(0, +) / 4 - 1) < 1e-12)
    }

    @Test("quotas add up, follow their shares and say what is missing")
    func quotas() {
        #expect(
            Resample.quotas(shares: [1, 1, 1], counts: [9, 9, 9], size: 10, mostCopies: 1).reduce(
                0, +)
                == 10)
        // The largest size that the rarest of what is there allows: 4 of three each; d is not there.
        #expect(
            Resample.quotas(
                shares: [1, 1, 1, 1], counts: [4, 100, 7, 0], size: nil, mostCopies: 1)
                == [4, 4, 4, 4])
        #expect(
            Resample.quotas(shares: [1, 3], counts: [10, 12], size: nil, mostCopies: 2) == [8, 24])
        let groups: [Int32] = [0, 0, 1, -1, 1, 1]
        let drawn = Resample(
            logWeights: [Double](repeating: 0, count: 6), groups: groups, quotas: [3, 2],
            mostCopies: 1, seed: 1)
        #expect(drawn.missing == [1, 0])
        #expect(drawn.copies[3] == 0 && drawn.copies[0...1] == [1, 1])
        #expect(drawn.size == 4)
    }

    @Test("calibrated weights are a ratio of densities, whatever the length of records")
    func model() {
        // Two kinds of words; the reference has the second kind four times as often. Records of 2 and
        // of 40 words.
        var generator = SeededGenerator(seed: 5)
        func sample(_ chance: Double, _ count: Int) -> RecordBins {
            var records = RecordBins(binCount: 64)
            for record in 0..<count {
                let isSecond = generator.uniform() < chance
                records.append { bins in
                    for _ in 0..<(record % 2 == 0 ? 2 : 40) {
                        let word = Int(generator.below(30))
                        bins.append(UInt16(word + (isSecond && generator.uniform() < 0.5 ? 30 : 0)))
                    }
                }
            }
            return records
        }
        let (data, reference) = (sample(0.2, 2000), sample(0.8, 2000))
        let told = DomainClassifier(data, reference, rounds: 5, seed: 1, work: SerialWork())
        let judged = told.scores.enumerated().map { index, score in
            (
                evidence: ImportanceModel.Evidence(
                    mean: score, count: index % 2 == 0 ? 2 : 40, style: .zero),
                isReference: index >= 2000
            )
        }
        let model = ImportanceModel(
            data: [Double](repeating: 1, count: 64), reference: [Double](repeating: 1, count: 64),
            judged: judged, work: SerialWork())
        var scratch = ImportanceModel.Scratch()
        // The mean of p(reference)/p(data) over the data is 1.
        let ratios = judged[..<2000].map { Elementary.exp(model.logWeight($0.evidence, &scratch)) }
        #expect(abs(ratios.reduce(0, +) / 2000 - 1) < 0.15)
        // Read again it says the same, and of other numbers it is none.
        let again = ImportanceModel(ratios: model.ratios, numbers: model.numbers)
        let weight = again?.logWeight(judged[7].evidence, &scratch) ?? .infinity
        #expect(abs(weight - Elementary.log(ratios[7])) < 1e-3)
        #expect(ImportanceModel(ratios: model.ratios, numbers: [1, 2]) == nil)
        // It is at most 4, but for what the model gets wrong; long records do not weigh more by being long.
        #expect(ratios.count { $0 > 8 } < 40)
        let (short, long) = (
            stride(from: 0, to: 2000, by: 2).map { ratios[$0] }.reduce(0, +) / 1000,
            stride(from: 1, to: 2000, by: 2).map { ratios[$0] }.reduce(0, +) / 1000
        )
        #expect(abs(short - long) < 0.25)
    }

    @Test("the style of a text is its marks, capitals and digits")
    func style() {
        var style = TextStyle()
        let (first, second) = (Array("Ab, 1".utf8), Array("?\n".utf8))
        style.add(first.span)
        style.add(second.span)
        let features = style.features
        // Seven bytes: two sentence marks, one capital, one digit, one line break.
        for (place, share) in [(0, 2.0), (1, 1), (2, 1), (3, 1), (4, 0), (5, 0)] {
            #expect(abs(Double(features[place]) - (share / 7).squareRoot()) < 1e-6)
        }
        #expect(features[6] == 0 && features[7] == 1)
        #expect(TextStyle().features == .zero)
    }
}
