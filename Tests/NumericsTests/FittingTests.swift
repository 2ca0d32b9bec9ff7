import Numerics
import Testing

@Suite struct FittingTests {
    @Test("a falling step function pools what rises, by a worked case")
    func isotonic() {
        // 5, 3, 4, 1: the 3 and the 4 rise and become 3.5 each.
        let fit = IsotonicFit(falling: [(1, 5), (2, 3), (3, 4), (4, 1)])
        #expect([0, 1, 2, 2.5, 3, 4, 9].map(fit.value) == [5, 5, 3.5, 3.5, 3.5, 1, 1])
        #expect(IsotonicFit(falling: []).value(at: 1) == 0)
        #expect(IsotonicFit(falling: [(1, 1), (1, 0)]).value(at: 1) == 0.5)
        #expect(IsotonicFit(falling: [(1, 0), (2, 0), (3, 1)]).value(at: 2) == 1.0 / 3)
    }

    @Test("a Cholesky factor and its inverse multiply back")
    func cholesky() {
        // 4 2; 2 5 is 2 0; 1 2 times its transpose.
        let small = CholeskyFactor([4, 0, 2, 5], size: 2)
        #expect(small.factor == [2, 0, 1, 2])
        #expect(small.inverse == [0.5, 0, -0.25, 0.5])
        var generator = SeededGenerator(seed: 1, stream: 0)
        let size = 9
        let root = (0..<size * size).map { _ in Double(generator.below(1000)) / 1000 }
        var matrix = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            for column in 0..<size {
                for index in 0..<size {
                    matrix[row * size + column] +=
                        root[row * size + index] * root[column * size + index]
                }
                if row == column { matrix[row * size + column] += 1 }
            }
        }
        let factor = CholeskyFactor(matrix, size: size)
        let inverse = factor.inverse
        for row in 0..<size {
            for column in 0..<size {
                var sum = 0.0
                for index in 0..<size {
                    sum += factor.factor[row * size + index] * inverse[index * size + column]
                }
                #expect(abs(sum - (row == column ? 1 : 0)) < 1e-12)
            }
        }
    }

    @Test("the exponential of eight numbers is that of each")
    func exponential() {
        for step in 0..<900 {
            let value = -Float(step) / 10
            let result = Elementary.exp(SIMD8(repeating: value))[step % 8]
            // e to the power of x by repeated squaring of a Taylor series in double precision.
            var term = 1.0
            var sum = 1.0
            let small = Double(value) / 1024
            for index in 1..<20 {
                term *= small / Double(index)
                sum += term
            }
            for _ in 0..<10 { sum *= sum }
            if value >= -87 {
                #expect(abs(Double(result) - sum) <= 1e-6 * sum, "\(value)")
            } else {
                #expect(result == 0)
            }
        }
    }

    @Test("the upper tail of a Poisson distribution by worked cases")
    func poisson() {
        // Mean 1: P(≥1) = 1 − 1/e, P(≥2) = 1 − 2/e.
        #expect(abs(Elementary.poissonUpperTail(1, mean: 1) - 0.632_120_558_8) < 1e-9)
        #expect(abs(Elementary.poissonUpperTail(2, mean: 1) - 0.264_241_117_7) < 1e-9)
        #expect(Elementary.poissonUpperTail(0, mean: 1) == 1)
        #expect(Elementary.poissonUpperTail(3, mean: 0) == 0)
    }
}
