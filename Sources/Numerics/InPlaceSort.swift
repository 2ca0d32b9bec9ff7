/// Sorts numbers where they lie, without allocation.
///
/// The standard library's sort keeps a buffer beside them, which costs more than it saves for the words of a text.
public enum InPlaceSort {
    private static let insertionCount = 16

    /// Sorts what stands from `start` on, ascending.
    ///
    /// Quicksort with the median of three, insertion for sixteen and fewer, heaps where the halves are uneven
    /// too often: O(n log n).
    public static func sort(_ numbers: inout [UInt32], from start: Int) {
        var span = numbers.mutableSpan
        sort(&span, start, span.count)
    }

    /// Sorts the numbers of a range.
    static func sort(_ numbers: inout MutableSpan<UInt32>, _ start: Int, _ end: Int) {
        guard end - start > 1 else { return }
        sort(&numbers, start, end, 2 * (Int.bitWidth - (end - start).leadingZeroBitCount))
    }

    private static func sort(
        _ numbers: inout MutableSpan<UInt32>, _ first: Int, _ end: Int, _ depth: Int
    ) {
        var (low, high, left) = (first, end, depth)
        while high - low > insertionCount {
            if left == 0 {
                heapSort(&numbers, low, high)
                return
            }
            left -= 1
            let cut = partition(&numbers, low, high)
            // The smaller part first, so that the stack stays small.
            if cut - low < high - cut {
                sort(&numbers, low, cut, left)
                low = cut
            } else {
                sort(&numbers, cut, high, left)
                high = cut
            }
        }
        guard high - low > 1 else { return }
        for place in low + 1..<high {
            let value = numbers[place]
            var target = place
            while target > low, numbers[target - 1] > value {
                numbers[target] = numbers[target - 1]
                target -= 1
            }
            numbers[target] = value
        }
    }

    /// Where the larger part begins; both parts have something (Hoare 1962).
    private static func partition(
        _ numbers: inout MutableSpan<UInt32>, _ low: Int, _ high: Int
    ) -> Int {
        let (one, two, three) = (
            numbers[low], numbers[low + (high - low) / 2], numbers[high - 1]
        )
        let pivot = max(min(one, two), min(max(one, two), three))
        var (left, right) = (low, high - 1)
        while true {
            while numbers[left] < pivot { left += 1 }
            while numbers[right] > pivot { right -= 1 }
            if left >= right { return max(low + 1, right + 1 == high ? right : right + 1) }
            numbers.swapAt(left, right)
            left += 1
            right -= 1
        }
    }

    private static func heapSort(
        _ numbers: inout MutableSpan<UInt32>, _ low: Int, _ high: Int
    ) {
        let count = high - low
        func sink(_ numbers: inout MutableSpan<UInt32>, _ start: Int, _ count: Int) {
            var place = start
            while 2 * place + 1 < count {
                var child = 2 * place + 1
                if child + 1 < count, numbers[low + child] < numbers[low + child + 1] {
                    child += 1
                }
                if numbers[low + place] >= numbers[low + child] { return }
                numbers.swapAt(low + place, low + child)
                place = child
            }
        }
        for start in stride(from: count / 2 - 1, through: 0, by: -1) {
            sink(&numbers, start, count)
        }
        for end in stride(from: count - 1, to: 0, by: -1) {
            numbers.swapAt(low, low + end)
            sink(&numbers, 0, end)
        }
    }
}
