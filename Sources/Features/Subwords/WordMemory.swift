/// The ids of words met before: most words of a text are common ones.
///
/// A fixed table of 65,536 places of 64 bytes; a word of up to 24 bytes and 6 ids takes the place its
/// hash names and drives out what was there. Words are compared byte by byte: a hash that two
/// words share costs time, never a wrong id.
struct WordMemory {
    private static let placeCount = 1 << 16
    private static let mostBytes = 24
    private static let mostIDs = 6
    private static let placeBytes = 64

    /// Hash, then 24 bytes of the word, its length, the number of ids, the ids.
    private final class Places {
        let base: UnsafeMutableRawPointer

        init() {
            let size = placeCount * placeBytes
            base = .allocate(byteCount: size, alignment: placeBytes)
            base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        }

        deinit { base.deallocate() }
    }

    private let places = Places()

    @inline(__always)
    static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(word.count)
        for byte in word { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash ^= hash >> 32
        return hash &* 0x9E37_79B9_7F4A_7C15
    }

    /// Appends the ids of `word` if it is known.
    @inline(__always)
    func recall(
        _ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64, into ids: inout [UInt32]
    ) -> Bool {
        let place = places.base + Int(hash >> 48) * WordMemory.placeBytes
        guard place.load(as: UInt64.self) == hash,
            Int(place.load(fromByteOffset: 32, as: UInt32.self)) == word.count
        else { return false }
        let bytes = (place + 8).assumingMemoryBound(to: UInt8.self)
        for index in 0..<word.count where bytes[index] != word[index] { return false }
        let known = (place + 40).assumingMemoryBound(to: UInt32.self)
        for index in 0..<Int(place.load(fromByteOffset: 36, as: UInt32.self)) {
            ids.append(known[index])
        }
        return true
    }

    /// Remembers a word that is short enough.
    func keep(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64, _ ids: ArraySlice<UInt32>) {
        guard word.count <= WordMemory.mostBytes, ids.count <= WordMemory.mostIDs, !word.isEmpty
        else { return }
        let place = places.base + Int(hash >> 48) * WordMemory.placeBytes
        place.storeBytes(of: hash, as: UInt64.self)
        let bytes = (place + 8).assumingMemoryBound(to: UInt8.self)
        for index in 0..<word.count { bytes[index] = word[index] }
        place.storeBytes(of: UInt32(word.count), toByteOffset: 32, as: UInt32.self)
        place.storeBytes(of: UInt32(ids.count), toByteOffset: 36, as: UInt32.self)
        let known = (place + 40).assumingMemoryBound(to: UInt32.self)
        for (index, id) in ids.enumerated() { known[index] = id }
    }
}
