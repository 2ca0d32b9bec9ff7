/// What a shared library says of itself in its ELF tables: what it exports, needs and asks of the loader.
struct ElfFile {
    /// The file is no 64-bit little-endian ELF, or its tables lie.
    struct Malformed: Error {}

    /// Names of the symbols that others may bind to, sorted.
    private(set) var exports: [String] = []
    /// Those of them that give way to others of the same name, as templates of C++ do.
    private(set) var weakExports: Set<String> = []
    /// Whether the loader has to write into its code.
    private(set) var hasTextRelocations = false
    /// Whether it asks for a stack that can be executed, or does not say that it needs none.
    private(set) var hasExecutableStack = true
    /// Libraries that have to be there.
    private(set) var needed: [String] = []
    /// Where they are looked for beside the system's places.
    private(set) var searchPaths: [String] = []
    /// Versions of symbols that it asks for: `GLIBC_2.34`.
    private(set) var symbolVersions: [String] = []

    private let bytes: [UInt8]
    /// Names that have been read: a table that repeats itself is given up.
    private var nameCount = 0

    /// Bytes of a library at most, of a name, and names.
    static let mostBytes = 1 << 30
    private static let mostNameBytes = 4096
    private static let mostNames = 1 << 18

    private struct SectionHeader {
        let type: Int
        let offset: Int
        let size: Int
        let link: Int
    }

    /// Reads the tables.
    ///
    /// O(symbols).
    ///
    /// - Throws: `Malformed`.
    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { throw Malformed() }
        try readSegments()
        let sections = try sections()
        for section in sections {
            switch section.type {
            case 11: try readSymbols(section, sections)
            case 6: try readDynamic(section, sections)
            case 0x6FFF_FFFE: try readVersions(section, sections)
            default: break
            }
        }
        exports.sort()
    }

    private func word(_ offset: Int, _ size: Int) throws -> Int {
        guard offset >= 0, bytes.count >= size, offset <= bytes.count - size else {
            throw Malformed()
        }
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        guard let number = Int(exactly: value) else { throw Malformed() }
        return number
    }

    private mutating func text(_ strings: SectionHeader, _ offset: Int) throws -> String {
        nameCount += 1
        guard offset >= 0, offset < strings.size, nameCount <= ElfFile.mostNames else {
            throw Malformed()
        }
        let rest = bytes[(strings.offset + offset)..<(strings.offset + strings.size)]
        return String(
            decoding: rest.prefix(ElfFile.mostNameBytes).prefix { $0 != 0 }, as: UTF8.self)
    }

    /// The place of an entry of a table of the header.
    private func entry(_ start: Int, _ index: Int, _ size: Int) throws -> Int {
        let (offset, isTooFar) = start.addingReportingOverflow(index * size)
        guard !isTooFar else { throw Malformed() }
        return offset
    }

    private mutating func readSegments() throws {
        let (start, size, count) = try (word(0x20, 8), word(0x36, 2), word(0x38, 2))
        for index in 0..<count {
            let place = try entry(start, index, size)
            if try word(place, 4) == 0x6474_E551 {
                hasExecutableStack = try word(place + 4, 4) & 1 != 0
            }
        }
    }

    private func sections() throws -> [SectionHeader] {
        let (start, size, count) = try (word(0x28, 8), word(0x3A, 2), word(0x3C, 2))
        guard start > 0, count > 0 else { throw Malformed() }
        return try (0..<count).map { index in
            let place = try entry(start, index, size)
            let type = try word(place + 4, 4)
            let (offset, bytes) = try (word(place + 24, 8), word(place + 32, 8))
            // Sections without content in the file may say anything.
            let isEmpty = type == 0 || type == 8
            guard isEmpty || offset <= self.bytes.count && bytes <= self.bytes.count - offset else {
                throw Malformed()
            }
            return SectionHeader(
                type: type, offset: isEmpty ? 0 : offset, size: isEmpty ? 0 : bytes,
                link: try word(place + 40, 4))
        }
    }

    private func strings(
        of section: SectionHeader, _ all: [SectionHeader]
    ) throws -> SectionHeader {
        guard all.indices.contains(section.link) else { throw Malformed() }
        return all[section.link]
    }

    private mutating func readSymbols(_ section: SectionHeader, _ all: [SectionHeader]) throws {
        let names = try strings(of: section, all)
        for place in stride(from: section.offset, to: section.offset + section.size, by: 24) {
            let (info, other) = try (word(place + 4, 1), word(place + 5, 1))
            let isDefined = try word(place + 6, 2) != 0
            let isGlobal = [1, 2, 10].contains(info >> 4)
            let isVisible = other & 3 == 0 || other & 3 == 3
            guard isDefined, isGlobal, isVisible else { continue }
            let name = try text(names, word(place, 4))
            exports.append(name)
            if info >> 4 != 1 { weakExports.insert(name) }
        }
    }

    private mutating func readDynamic(_ section: SectionHeader, _ all: [SectionHeader]) throws {
        let names = try strings(of: section, all)
        for place in stride(from: section.offset, to: section.offset + section.size, by: 16) {
            // Some tags are beyond the range of Int; none of them is looked at.
            guard let tag = try? word(place, 8), let value = try? word(place + 8, 8) else {
                continue
            }
            switch tag {
            case 0: return
            case 1: needed.append(try text(names, value))
            case 15, 29:
                searchPaths += try text(names, value).split(separator: ":").map(String.init)
            case 22: hasTextRelocations = true
            case 30: hasTextRelocations = hasTextRelocations || value & 4 != 0
            default: break
            }
        }
    }

    private mutating func readVersions(_ section: SectionHeader, _ all: [SectionHeader]) throws {
        let names = try strings(of: section, all)
        var place = section.offset
        // Every step leads forward, inside the section.
        let end = section.offset + section.size
        while place < end {
            var entry = place + (try word(place + 8, 4))
            for _ in 0..<(try word(place + 2, 2)) where entry < end {
                symbolVersions.append(try text(names, word(entry + 8, 4)))
                let step = try word(entry + 12, 4)
                if step == 0 { break }
                entry += step
            }
            let step = try word(place + 12, 4)
            if step == 0 { break }
            place += step
        }
    }
}
