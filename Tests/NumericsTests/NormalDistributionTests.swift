import Numerics
import Testing

@Suite struct NormalDistributionTests {
    @Test(
        "values of the tables",
        arguments: [
            (0.0, 0.5), (1.0, 0.841344746068543), (1.959963984540054, 0.975),
            (-3.090232306167813, 0.001),
        ])
    func tables(value: Double, share: Double) {
        #expect(abs(NormalDistribution.cumulative(value) - share) < 1e-14)
        #expect(abs(NormalDistribution.quantile(share) - value) < 1e-11)
    }

    @Test("quantile and chance undo each other, far out in the tail too")
    func inverse() {
        for power in 1...300 {
            let share = Elementary.exp(-Double(power))
            let back = NormalDistribution.cumulative(NormalDistribution.quantile(share))
            #expect(abs(back / share - 1) < 1e-9)
        }
        for step in 1..<1000 {
            let share = Double(step) / 1000
            #expect(
                abs(NormalDistribution.quantile(share) + NormalDistribution.quantile(1 - share))
                    < 1e-12)
        }
    }

    @Test("the ends are infinite, beyond them is nothing")
    func ends() {
        #expect(NormalDistribution.quantile(0) == -.infinity)
        #expect(NormalDistribution.quantile(1) == .infinity)
        #expect(NormalDistribution.quantile(-0.1).isNaN && NormalDistribution.quantile(1.5).isNaN)
        #expect(NormalDistribution.quantile(.nan).isNaN)
        #expect(NormalDistribution.cumulative(-40) >= 0 && NormalDistribution.cumulative(40) == 1)
    }
}
