/// Search in ascending lists.
public enum SortedSearch {
    /// The first place of a list whose number is not below `number`; the list's end for none.
    ///
    /// O(log n).
    @inlinable
    public static func lowerBound<Number: Comparable>(_ number: Number, in list: [Number]) -> Int {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first place of a number; `nil` where it is not in the list.
    ///
    /// O(log n).
    @inlinable
    public static func place<Number: Comparable>(of number: Number, in list: [Number]) -> Int? {
        let place = lowerBound(number, in: list)
        return place < list.count && list[place] == number ? place : nil
    }
}
