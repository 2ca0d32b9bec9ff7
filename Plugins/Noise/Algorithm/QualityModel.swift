import Numerics

/// How a record differs from trusted ones.
///
/// A regression tells records of the data from trusted records, each half of them by what the other half
/// taught. Where the data has more of something than the trusted records have, the surplus is what is wrong
/// with it: with density ratio r the chance that a record is no sound one is 1 − (1 − π) / r, where 1 − π, the
/// share of sound records, is the ratio among records that look soundest (Elkan and Noto 2008; Scott 2015).
public struct QualityModel: Sendable {
    /// What a record is described by.
    public static let featureNames = [
        "log-odds of another prompt's response", "log-odds of a cut response",
        "log-odds of a joined prompt", "length of the prompt (log bytes)",
        "length of the response (log bytes)", "different words in the response (share)",
        "signs in the response (share of bytes)", "digits in the response (share of bytes)",
        "letters beyond ASCII in the response (share of bytes)", "bytes a word of the response",
        "a passage repeated on end", "another language than the prompt",
        "the prompt repeated in the response",
    ]
    static let width = 13

    private let regression: HalvedLogistic
    private let soundShare: Double
    /// Means of the features in trusted records.
    public private(set) var trustedMeans: [Float] = []
    /// Means of the features in the data.
    public private(set) var dataMeans: [Float] = []
    /// How the score goes with the length of the response (Pearson, on the logarithm), −1 to 1.
    public private(set) var lengthCorrelation = 0.0

    /// Share of the trusted records that look soundest.
    private static let soundestQuantile = 0.25
    /// Weight of the log-odds themselves, which keep records apart where the chance is level.
    private static let tieShare = 0.001
    private static let lengthFeature = 4

    /// Learns from the features of data and of trusted records, with their halves.
    init(
        data: [[Float]], dataHalves: [Int], trusted: [[Float]], trustedHalves: [Int],
        work: some WorkSharing
    ) {
        let rows = (data + trusted).flatMap { $0 }
        let halves = dataHalves + trustedHalves
        regression = HalvedLogistic(
            rows, width: QualityModel.width, halves: halves,
            isPositive: data.map { _ in true } + trusted.map { _ in false },
            isTrusted: data.map { _ in false } + trusted.map { _ in true },
            verdicts: halves.map { _ in nil }, doubtLimit: nil, work: work)
        var terms: [Float] = []
        var trustedLogits: [Double] = []
        for (row, half) in zip(trusted, trustedHalves) {
            trustedLogits.append(regression.logit(row.span, half: half, with: &terms))
        }
        let limit =
            Quantiles.quantile(QualityModel.soundestQuantile, ofSorted: trustedLogits.sorted())
        soundShare = min(1, Elementary.exp(min(0, limit ?? 0)))
        trustedMeans = QualityModel.means(trusted)
        dataMeans = QualityModel.means(data)
        let scores = zip(data, dataHalves).map { row, half in
            chance(regression.logit(row.span, half: half, with: &terms))
        }
        lengthCorrelation = QualityModel.correlation(
            scores, data.map { Double($0[QualityModel.lengthFeature]) })
    }

    private static func means(_ rows: [[Float]]) -> [Float] {
        (0..<width).map { column in
            rows.reduce(0) { $0 + $1[column] } / Float(max(1, rows.count))
        }
    }

    private static func correlation(_ left: [Double], _ right: [Double]) -> Double {
        let n = Double(max(1, left.count))
        let (a, b) = (left.reduce(0, +) / n, right.reduce(0, +) / n)
        var (product, first, second) = (0.0, 0.0, 0.0)
        for (x, y) in zip(left, right) {
            product += (x - a) * (y - b)
            first += (x - a) * (x - a)
            second += (y - b) * (y - b)
        }
        return first * second > 0 ? product / (first * second).squareRoot() : 0
    }

    /// The chance that a record is no sound one; it rises with the log-odds strictly.
    private func chance(_ logit: Double) -> Double {
        let own = min(1, max(0, 1 - soundShare * Elementary.exp(-max(-30, min(30, logit)))))
        let tie = 1 / (1 + Elementary.exp(-max(-30, min(30, logit)) / 4))
        return (1 - QualityModel.tieShare) * own + QualityModel.tieShare * tie
    }

    /// The chance that a record is no sound one, 0 to 1.
    func chance(_ features: Span<Float>, half: Int, with terms: inout [Float]) -> Double {
        chance(regression.logit(features, half: half, with: &terms))
    }

    /// Describes a response; what the checks say of the pair goes before.
    static func describe(
        mismatch: Double, cut: Double?, joined: Double?, promptBytes: Int, response: Span<UInt8>,
        tokenCount: Int, distinct: Int, isRepeated: Bool, isForeign: Bool, isEcho: Bool
    ) -> InlineArray<13, Float> {
        var (signs, digits, wide) = (0, 0, 0)
        for index in response.indices {
            let byte = response[index]
            if byte >= 0x80 {
                wide += 1
            } else if byte &- 0x30 < 10 {
                digits += 1
            } else if !ByteSearch.isLetterOrDigit(byte), !ByteSearch.isSpace(byte) {
                signs += 1
            }
        }
        let bytes = Float(max(1, response.count))
        func clipped(_ value: Double) -> Float { Float(max(-15, min(15, value))) }
        return [
            clipped(mismatch), clipped(cut ?? 0), clipped(joined ?? -10),
            Float(Elementary.log(Double(promptBytes) + 1)),
            Float(Elementary.log(Double(response.count) + 1)),
            Float(distinct) / Float(max(1, tokenCount)), Float(signs) / bytes,
            Float(digits) / bytes, Float(wide) / bytes, bytes / Float(max(1, tokenCount)),
            isRepeated ? 1 : 0, isForeign ? 1 : 0, isEcho ? 1 : 0,
        ]
    }

    /// Everything that was learnt.
    var numbers: [Float] {
        regression.numbers + trustedMeans + dataMeans
            + [Float(soundShare), Float(lengthCorrelation)]
    }

    /// How many numbers there are.
    static let numberCount = HalvedLogistic.numberCount(width) + 2 * width + 2

    /// Reads what `numbers` gave; `nil` when the count does not fit.
    init?(_ numbers: ArraySlice<Float>) {
        let all = Array(numbers)
        let first = HalvedLogistic.numberCount(QualityModel.width)
        guard all.count == QualityModel.numberCount,
            let regression = HalvedLogistic(all[..<first], width: QualityModel.width)
        else { return nil }
        self.regression = regression
        trustedMeans = Array(all[first..<first + QualityModel.width])
        dataMeans = Array(all[first + QualityModel.width..<first + 2 * QualityModel.width])
        soundShare = Double(all[all.count - 2])
        lengthCorrelation = Double(all[all.count - 1])
    }
}
