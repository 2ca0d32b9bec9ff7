/// The falling step function closest to some points in the sense of least squares.
///
/// Pool adjacent violators (Barlow, Bartholomew, Bremner and Brunk 1972). O(n log n).
public struct IsotonicFit: Sendable {
    /// Where each step begins, ascending.
    private var starts: [Double] = []
    /// The value of each step, falling.
    private var values: [Double] = []

    /// Fits points; of equal `x` the mean counts.
    ///
    /// Without points every value is 0.
    public init(falling points: [(x: Double, y: Double)]) {
        let sorted = points.sorted { $0.x != $1.x ? $0.x < $1.x : $0.y < $1.y }
        var sums: [(start: Double, sum: Double, count: Double)] = []
        var index = 0
        while index < sorted.count {
            let x = sorted[index].x
            var step = (start: x, sum: 0.0, count: 0.0)
            while index < sorted.count, sorted[index].x == x {
                step.sum += sorted[index].y
                step.count += 1
                index += 1
            }
            while let last = sums.last, last.sum * step.count <= step.sum * last.count {
                step = (last.start, last.sum + step.sum, last.count + step.count)
                sums.removeLast()
            }
            sums.append(step)
        }
        starts = sums.map(\.start)
        values = sums.map { $0.sum / $0.count }
    }

    /// The value at `x`: that of the step it lies on, of the first step before all.
    ///
    /// O(log steps).
    public func value(at x: Double) -> Double {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= x { low = middle + 1 } else { high = middle }
        }
        return values.isEmpty ? 0 : values[max(0, low - 1)]
    }
}
