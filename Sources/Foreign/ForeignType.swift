/// A scalar type of a C function.
public enum ForeignType: String, Sendable, CaseIterable {
    case i8, i16, i32, i64, u8, u16, u32, u64, f32, f64
    /// Any pointer.
    case ptr
    /// A pointer to a text that ends with a zero byte.
    case cstr
    /// Nothing, of results.
    case void

    /// Whether it is a number.
    public var isNumber: Bool { self != .ptr && self != .cstr && self != .void }

    /// Bytes of a value; 0 for `void`.
    public var size: Int {
        switch self {
        case .i8, .u8: 1
        case .i16, .u16: 2
        case .i32, .u32, .f32: 4
        case .i64, .u64, .f64, .ptr, .cstr: 8
        case .void: 0
        }
    }

    /// A number as the first bytes of a word, in this type; what does not fit is cut to the nearest that does.
    public func word(_ value: Double) -> UInt64 {
        func whole<Integer: FixedWidthInteger>(_ type: Integer.Type) -> UInt64 {
            guard value == value else { return 0 }
            let bounded = Integer(exactly: value.rounded(.towardZero))
            return UInt64(truncatingIfNeeded: bounded ?? (value < 0 ? Integer.min : Integer.max))
        }
        switch self {
        case .i8: return whole(Int8.self)
        case .i16: return whole(Int16.self)
        case .i32: return whole(Int32.self)
        case .i64: return whole(Int64.self)
        case .u8: return whole(UInt8.self)
        case .u16: return whole(UInt16.self)
        case .u32: return whole(UInt32.self)
        case .u64, .ptr, .cstr: return whole(UInt64.self)
        case .f32: return UInt64(Float(value).bitPattern)
        case .f64: return value.bitPattern
        case .void: return 0
        }
    }

    /// The number in the first bytes of a word; 1 for a pointer that is not null.
    public func number(_ word: UInt64) -> Double {
        switch self {
        case .i8: Double(Int8(truncatingIfNeeded: word))
        case .i16: Double(Int16(truncatingIfNeeded: word))
        case .i32: Double(Int32(truncatingIfNeeded: word))
        case .i64: Double(Int64(bitPattern: word))
        case .u8: Double(UInt8(truncatingIfNeeded: word))
        case .u16: Double(UInt16(truncatingIfNeeded: word))
        case .u32: Double(UInt32(truncatingIfNeeded: word))
        case .u64: Double(word)
        case .f32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: word)))
        case .f64: Double(bitPattern: word)
        case .ptr, .cstr: word == 0 ? 0 : 1
        case .void: 0
        }
    }
}
