import CoverageAlgorithm
import Testing

@Suite struct CoverageTests {
    @Test("gives the worked example's scene and sample coverage")
    func workedExample() {
        let counts = [10_000, 8_000, 6_000, 5_000, 0]
        let measures = CoverageMeasures(
            counts.enumerated().map {
                CategoryCount(name: "c\($0.offset)", weight: 1, target: 10_000, count: $0.element)
            })
        #expect(abs(measures.scene - 0.8) < 1e-12)
        #expect(abs(measures.samplePresent - 0.725) < 1e-12)
        #expect(abs(measures.sample - 0.58) < 1e-12)
        #expect(measures.gaps.map(\.name) == ["c4", "c3", "c2", "c1"])
    }
}
