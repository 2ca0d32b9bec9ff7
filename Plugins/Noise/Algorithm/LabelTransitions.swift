import Numerics

/// How labels go wrong: the chance that a record of one class is given another label.
///
/// Read off the records that the model is surest of, as Patrini et al. 2017 read theirs off anchor points:
/// there another label is an error and not a doubt. Pairs of classes whose count a uniform spread of all
/// errors does not explain stand out as pairs; the rest is spread evenly.
struct LabelTransitions: Sendable {
    /// A pair of classes that is mixed up more often than by chance.
    struct Pair: Sendable {
        let likely: Int
        let given: Int
        /// Chance of the given label for a record of the likely class.
        let rate: Double
    }

    let classCount: Int
    /// Chance of any one wrong label that is no pair's.
    let spreadRate: Double
    let pairs: [Pair]
    /// Whether pairs explain more of the errors than the even spread.
    let isClassDependent: Bool
    /// Chance that a label is right, by class.
    let correctRates: [Double]

    /// Share of the records of each predicted class that are taken for sure.
    private static let sureShare = 0.5
    /// Chance that any pair at all is taken for one by accident.
    private static let pairSignificance = 0.05
    private static let mostRounds = 5
    /// A class of which fewer labels than this are right is one that nothing can be said about.
    private static let leastCorrectRate = 0.3

    /// Reads transitions off probabilities (row by row) and given labels.
    ///
    /// O(n k + k²).
    init(probabilities: [Float], labels: [Int32], classCount: Int) {
        self.classCount = classCount
        var members: [[(probability: Float, row: Int)]] = Array(repeating: [], count: classCount)
        for row in labels.indices {
            var best = 0
            for label in 1..<max(1, classCount)
            where probabilities[row * classCount + label]
                > probabilities[row * classCount + best]
            {
                best = label
            }
            members[best].append((probabilities[row * classCount + best], row))
        }
        var counts = [Int](repeating: 0, count: classCount * classCount)
        var sizes = [Int](repeating: 0, count: classCount)
        for (label, rows) in members.enumerated() {
            let sure = rows.sorted { ($1.probability, $0.row) < ($0.probability, $1.row) }
                .prefix(max(1, Int(LabelTransitions.sureShare * Double(rows.count))))
            sizes[label] = sure.count
            for entry in sure { counts[label * classCount + Int(labels[entry.row])] += 1 }
        }
        func isWrong(_ cell: Int) -> Bool { cell / classCount != cell % classCount }
        let cells = counts.indices.filter { isWrong($0) && counts[$0] > 0 }
        let total = Double(max(1, sizes.reduce(0, +)))
        let others = Double(max(1, classCount - 1))
        let limit = LabelTransitions.pairSignificance / (others * Double(classCount))
        var paired: Set<Int> = []
        var rate = 0.0
        for _ in 0..<LabelTransitions.mostRounds {
            rate = Double(cells.reduce(0) { $0 + (paired.contains($1) ? 0 : counts[$1]) }) / total
            let found = cells.filter { cell in
                let mean = rate * Double(sizes[cell / classCount]) / others
                return Elementary.poissonUpperTail(counts[cell], mean: max(mean, 1e-9)) < limit
            }
            if found.count == paired.count, paired.isSuperset(of: found) { break }
            paired = Set(found)
        }
        let pairMass = Double(cells.reduce(0) { $0 + (paired.contains($1) ? counts[$1] : 0) })
        isClassDependent = pairMass / total > rate
        spreadRate = max(rate, 0.5 / total) / others
        pairs = paired.sorted().map { cell in
            Pair(
                likely: cell / classCount, given: cell % classCount,
                rate: Double(counts[cell]) / Double(max(1, sizes[cell / classCount])))
        }
        var correct = [Double](repeating: 1 - spreadRate * others, count: classCount)
        for pair in pairs { correct[pair.likely] -= pair.rate - spreadRate }
        correctRates = correct.map { max($0, LabelTransitions.leastCorrectRate) }
    }

    /// Of every record the logarithm of the odds that its label is right, low for errors, and the label that
    /// it most likely should have if it is not.
    ///
    /// The probabilities are those of given labels; what the transitions put there is taken off first. The
    /// other label is the one that explains the given one best: likely itself, and often given that label.
    /// O(n (k + pairs)).
    func judge(probabilities: [Float], labels: [Int32]) -> (scores: [Double], others: [Int32]) {
        var likely = [Double](repeating: 0, count: classCount)
        var (scores, others): ([Double], [Int32]) = ([], [])
        scores.reserveCapacity(labels.count)
        others.reserveCapacity(labels.count)
        for row in labels.indices {
            let first = row * classCount
            var sum = 0.0
            for label in 0..<classCount {
                let probability = Double(probabilities[first + label])
                likely[label] = probability - spreadRate * (1 - probability)
            }
            for pair in pairs {
                likely[pair.given] -=
                    (pair.rate - spreadRate) * Double(probabilities[first + pair.likely])
            }
            for label in 0..<classCount {
                let probability = Double(probabilities[first + label])
                let floor = LabelTransitions.floorShare * probability + 1e-6
                likely[label] = max(likely[label], floor) / correctRates[label]
                sum += likely[label]
            }
            let given = Int(labels[row])
            let own = likely[given] / sum
            var wrong = spreadRate * (1 - own)
            var best = (label: given == 0 ? 1 : 0, weight: -1.0)
            for label in 0..<classCount where label != given {
                let weight = spreadRate * likely[label]
                if weight > best.weight { best = (label, weight) }
            }
            for pair in pairs where pair.given == given {
                wrong += (pair.rate - spreadRate) * likely[pair.likely] / sum
                let weight = pair.rate * likely[pair.likely]
                if weight > best.weight { best = (pair.likely, weight) }
            }
            scores.append(
                Elementary.log(own * correctRates[given] + 1e-12) - Elementary.log(wrong + 1e-12))
            others.append(Int32(best.label))
        }
        return (scores, others)
    }

    /// What is left of a probability when the transitions explain all of it.
    private static let floorShare = 0.1

    /// A wrong label for a record of class `label`, as the transitions give it.
    func wrongLabel(for label: Int, _ generator: inout SeededGenerator) -> Int {
        let own = pairs.filter { $0.likely == label }
        let spread = spreadRate * Double(classCount - 1 - own.count)
        let total = own.reduce(spread) { $0 + $1.rate }
        var draw = Double(generator.next() >> 11) * 0x1p-53 * total
        for pair in own {
            if draw < pair.rate { return pair.given }
            draw -= pair.rate
        }
        return LabelTransitions.uniformWrongLabel(for: label, classCount, &generator)
    }

    /// Any other label.
    static func uniformWrongLabel(
        for label: Int, _ classCount: Int, _ generator: inout SeededGenerator
    ) -> Int {
        (label + 1 + Int(generator.below(UInt64(classCount - 1)))) % classCount
    }
}
