/// The page of a review, which its script fills.
enum ReviewPage {
    /// The page; `title` is text.
    static func html(_ title: String) -> [UInt8] {
        var escaped = ""
        for character in title.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return Array(
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>Review – \(escaped)</title>
            <link rel="stylesheet" href="review.css"></head><body>
            <header><span class="brand">Assay</span> <h1>Review of <bdi>\(escaped)</bdi></h1>
            <p id="progress" role="status" aria-live="polite"></p></header>
            <main id="main"><noscript><p>A review needs JavaScript.</p></noscript></main>
            <p id="message" role="alert"></p>
            <script src="review.js"></script></body></html>

            """.utf8)
    }
}
