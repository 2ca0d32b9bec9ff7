import DiversityAlgorithm
import Glibc
import JSONText
import Numerics
import Parallel

/// The near-duplicate stage alone, so that it can be timed beside a peer.
///
///     assay-near WORDS THRESHOLD
///
/// WORDS holds records one after the other: the number of their words, then the words, 32 bits each. Writes
/// the seconds
/// from words to verified groups, and for each record the one that stays for it.
struct Team: WorkSharing {
    func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result] {
        let threads = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        // It returns when all calls have ended: nothing escapes.
        return withoutActuallyEscaping(body) { ThreadTeam.map(count, threads: threads, $0) }
    }

    func reportProgress(_ done: Int, of total: Int) {}
}

func read(_ path: String) -> [UInt32] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var words: [UInt32] = []
    var chunk = [UInt32](repeating: 0, count: 1 << 18)
    while case let count = fread(&chunk, 4, chunk.count, file), count > 0 {
        words += chunk[..<count]
    }
    return words
}

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

guard CommandLine.arguments.count == 3, let threshold = Double(CommandLine.arguments[2]) else {
    print("usage: assay-near WORDS THRESHOLD")
    exit(2)
}
let words = read(CommandLine.arguments[1])
var ranges: [Range<Int>] = []
var place = 0
while place < words.count {
    ranges.append(place + 1..<place + 1 + Int(words[place]))
    place += 1 + Int(words[place])
}
let (texts, team) = (ranges, Team())
let share = 2048
let shares = (texts.count + share - 1) / share
let start = now()
let hasher = MinHash(seed: 0)
var laps = [now()]
let parts = team.map(shares) { part in
    var keys = RecordKeys()
    keys.reserveCapacity(share)
    var numbers: [UInt32] = []
    for index in part * share..<min(texts.count, (part + 1) * share) {
        let text = words.span.extracting(texts[index])
        numbers.removeAll(keepingCapacity: true)
        Shingles.append(text, to: &numbers)
        var hash: UInt64 = 0
        for place in text.indices { hash = StableHash.mix(hash ^ UInt64(text[place])) }
        keys.append(row: index, prompt: hash | 1, response: 0, context: 0, trace: 0, quality: 0) {
            hasher.append(numbers.span, to: &$0)
        }
    }
    return keys
}
var all = RecordKeys()
all.reserveCapacity(texts.count)
for part in parts { all.append(contentsOf: part) }
laps.append(now())
let leaders = ExactCopies.leaders(all)
laps.append(now())
let candidates = NearCopies.candidates(all, exactLeaders: leaders, threshold: threshold, work: team)
laps.append(now())
let sets = team.map((candidates.count + share - 1) / share) { part in
    var sets = RecordShingles()
    for index in candidates[part * share..<min(candidates.count, (part + 1) * share)] {
        let text = words.span.extracting(texts[index])
        sets.append(prompt: text, response: Span())
    }
    return sets
}
var shingles = RecordShingles()
for set in sets { shingles.append(contentsOf: set) }
laps.append(now())
var kept = RecordKeys()
kept.reserveCapacity(candidates.count)
for index in candidates { kept.append(index, of: all) }
let near = NearCopies(
    kept, shingles, places: Array(candidates.indices), threshold: threshold)
laps.append(now())
var stays = leaders
for (place, survivor) in near.survivors.enumerated() {
    stays[candidates[place]] = Int32(candidates[Int(survivor)])
}
for index in stays.indices where leaders[index] != index {
    stays[index] = stays[Int(leaders[index])]
}
let seconds = now() - start
print(
    JSONValue.object([
        "seconds": .number(seconds),
        "laps": .array(zip(laps, laps.dropFirst()).map { .number($1 - $0) }),
        "candidates": JSONValue(candidates.count),
        "leaders": .array(stays.map { JSONValue(Int($0)) }),
    ]).text)
