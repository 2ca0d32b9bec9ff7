import DistributionAlgorithm
import Testing

@Suite struct DistributionTests {
    private func records(_ count: Int, bins: Int, offset: Int, seed: UInt64) -> [[UInt32]] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return [UInt32((Int(state >> 33) % (bins - offset)) + offset)]
        }
    }

    @Test("two samples of one distribution do not differ by more than chance")
    func null() {
        // Raw divergence of such samples is far from 0: only the corrected one may be reported.
        var pValues: [Double] = []
        var corrected = 0.0
        for seed in 0..<60 {
            let test = PermutationTest(
                records(150, bins: 50, offset: 0, seed: UInt64(2 * seed + 1)),
                records(150, bins: 50, offset: 0, seed: UInt64(1000 + 2 * seed)), binCount: 50,
                rounds: 99, seed: UInt64(seed))
            #expect(test.observed > 0.03)
            corrected += test.corrected / 60
            pValues.append(test.pValue)
        }
        #expect(corrected < 0.02)
        // Uniform: of 60 p-values 30 ± 3.9 lie below one half, 6 ± 2.3 below a tenth.
        #expect((14...46).contains(pValues.count { $0 <= 0.5 }), "\(pValues)")
        #expect(pValues.count { $0 <= 0.1 } <= 15, "\(pValues)")
    }

    @Test("a planted shift is found with the smallest p-value there is")
    func shift() {
        let test = PermutationTest(
            records(300, bins: 20, offset: 0, seed: 1), records(300, bins: 20, offset: 10, seed: 2),
            binCount: 20, rounds: 199, seed: 4)
        #expect(test.pValue == 1.0 / 200)
        #expect(test.corrected > 0.2)
    }

    @Test("an empty side differs in nothing")
    func empty() {
        let some = records(5, bins: 4, offset: 0, seed: 1)
        for (left, right) in [([], some), (some, []), ([], [])] as [([[UInt32]], [[UInt32]])] {
            let test = PermutationTest(left, right, binCount: 4, rounds: 9, seed: 0)
            #expect(test.pValue == 1 && test.corrected == 0)
        }
    }
}
