import Foundation
import JSONText
import Support
import Testing

/// The page of real runs, as a browser shows it.
@Suite(.serialized, .enabled(if: Browser.isInstalled, "chromium and chromium-driver are needed"))
struct ReportPageTests {
    private func report(_ arguments: [String], _ folder: TemporaryFolder) throws -> ReportReader {
        let ending = try Program.assay(
            ["run"] + arguments + ["--quiet", "--out", folder.path("report")])
        try #require(ending.status == 0 || ending.status == 3, "\(ending.errors)")
        return ReportReader(folder.path("report"))
    }

    private func example(_ folder: TemporaryFolder) throws -> ReportReader {
        let place = "Examples/support-desk/"
        return try report(
            [
                place + "data.jsonl", "--reference", place + "reference.jsonl", "--taxonomy",
                place + "taxonomy.yaml", "--allow-rejects", "1%",
            ], folder)
    }

    /// Opens a report in every size and theme and looks at it.
    private func look(_ reader: ReportReader) throws {
        let address = "file://\(reader.folder.path)/report.html"
        for isDark in [false, true] {
            let browser = try Browser(isDark: isDark)
            for width in [1400, 390] {
                try browser.resize(width, 900)
                try browser.open(address)
                #expect(try browser.console() == [])
                let asked = try browser.requests()
                #expect(asked.allSatisfy { $0 == address }, "\(asked)")
                #expect(try PageChecks.overflow(browser) <= 0, "\(width)")
                try browser.run(
                    "for (const one of document.querySelectorAll('details')) one.open = true")
                #expect(try PageChecks.overflow(browser) <= 0, "\(width), all open")
                #expect(try PageChecks.faint(browser) == [], "\(isDark ? "dark" : "light")")
                #expect(try PageChecks.headingFaults(browser) == [])
                #expect(try PageChecks.nameless(browser) == [])
            }
        }
    }

    @Test(
        "the example's report, light and dark, wide and narrow; every number is that of report.json"
    )
    func english() throws {
        let folder = try TemporaryFolder()
        let reader = try example(folder)
        try look(reader)
        let browser = try Browser()
        try browser.open("file://\(reader.folder.path)/report.html")
        #expect(try numbersThatDiffer(browser, reader.report()) == [])
        #expect(
            (try browser.run("return document.querySelectorAll('[data-at]').length").intValue ?? 0)
                > 500)
        try search(browser, reader)
        try keyboard(browser)
    }

    @Test(
        "a Chinese report",
        .enabled(if: SharedData.isPresent, "the real data is needed"))
    func chinese() throws {
        let folder = try TemporaryFolder()
        let data = SharedData.file("belle/eval/eval_set.json").path
        let reader = try report([data], folder)
        try look(reader)
        let browser = try Browser()
        try browser.open("file://\(reader.folder.path)/report.html")
        #expect(try numbersThatDiffer(browser, reader.report()) == [])
    }

    /// Search, filters and a record, against `findings.jsonl`.
    private func search(_ browser: Browser, _ reader: ReportReader) throws {
        let findings = try reader.lines("findings.jsonl")
        func shown() throws -> String { try browser.text("#explorer [role=status]") }
        #expect(try shown().hasPrefix("\(findings.count) finding"))
        let island = try JSONValue(parsing: browser.text("#data"))
        let rows = (island["findings"]?.arrayValue ?? []).compactMap {
            $0.arrayValue?[3].intValue
        }
        #expect(rows.sorted() == findings.compactMap { $0["row_index"]?.intValue }.sorted())
        // A line of the file is found by its number, and the record shows what stands there.
        let finding = try #require(
            findings.last { $0["code"] == "NSE001" && $0["row_index"]?.intValue != nil })
        let line = try #require(finding["source"]?["line"]?.intValue)
        try browser.run(
            """
            const search = document.querySelector('#explorer input');
            search.value = 'NSE001 line \(line)';
            search.dispatchEvent(new Event('input'));
            """)
        #expect(
            try browser.waits(
                "document.querySelector('#explorer [role=status]').textContent.startsWith('1 finding')"
            ))
        try browser.run("document.querySelector('.hits button').click()")
        #expect(try browser.waits("document.querySelector('dialog').open"))
        let record = try String(
            contentsOf: Checkout.file("Examples/support-desk/data.jsonl"), encoding: .utf8
        ).split(separator: "\n", omittingEmptySubsequences: false)[line - 1]
        let prompt = try #require(
            try JSONValue(parsing: String(record))["instruction"]?.stringValue)
        #expect(try browser.text("dialog").contains(prompt))
        #expect(
            try browser.text("dialog h2").contains(
                "line \(line), row \((finding["row_index"]?.intValue ?? -1) + 1)"))
        try browser.press(.escape)
        #expect(try browser.waits("!document.querySelector('dialog').open"))
        #expect(try browser.console() == [])
    }

    /// What a person without a mouse does.
    private func keyboard(_ browser: Browser) throws {
        try browser.run("scrollTo(0, 0); document.activeElement.blur()")
        try browser.press(.tab)
        #expect(try browser.run("return document.activeElement.className").stringValue == "skip")
        for _ in 0..<12 {
            try browser.press(.tab)
            #expect(try PageChecks.showsFocus(browser))
        }
        // The map: arrows go from point to point, Enter opens the record.
        try browser.run("document.querySelector('[data-map] svg').focus()")
        try browser.press(.right)
        #expect(try browser.run("return document.querySelector('.tip').hidden").boolValue == false)
        try browser.press(.right)
        try browser.press(.enter)
        #expect(try browser.waits("document.querySelector('dialog').open"))
    }

    /// Elements whose number is not the one at their place in `report.json`, and digits without a place.
    private func numbersThatDiffer(_ browser: Browser, _ report: JSONValue) throws -> [String] {
        try browser.run(
            """
            const report = \(report.text);
            const faults = [];
            const at = pointer => pointer.split('/').slice(1)
              .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
              .reduce((value, step) => value?.[step], report);
            for (const one of document.querySelectorAll('[data-at]')) {
              const value = at(one.dataset.at);
              const text = one.textContent;
              if (typeof value === 'string') {
                const cut = text.endsWith('…') ? text.slice(0, -1) : text;
                if (!value.startsWith(cut)) faults.push(`${one.dataset.at}: ${value} shown as ${text}`);
                continue;
              }
              if (typeof value !== 'number' || Number(one.value) !== value) {
                faults.push(`${one.dataset.at}: ${value}, written ${one.value}`);
                continue;
              }
              let plain = text.replaceAll(',', '').replaceAll('−', '-');
              const isShare = plain.endsWith(' %');
              if (isShare) plain = plain.slice(0, -2);
              const meant = isShare ? value * 100 : value;
              if (/^(below|above)/.test(plain)) {
                if (Math.abs(meant) >= 0.0001) faults.push(`${one.dataset.at}: ${value} shown as ${text}`);
                continue;
              }
              const places = (plain.split('.')[1] || '').length;
              const isNear = Math.abs(Number(plain) - meant) <= 0.5000001 * 10 ** -places;
              // Rounding takes no more than half a percent of it.
              if (!isNear || Math.abs(Number(plain) - meant) > 0.006 * Math.abs(meant)) {
                faults.push(`${one.dataset.at}: ${value} shown as ${text}`);
              }
            }
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
              const node = walker.currentNode;
              if (!/\\d/.test(node.textContent)) continue;
              if (node.parentElement.closest('[data-at],bdi,code,script,svg,#explorer,dialog,.map')) continue;
              if (node.textContent.startsWith('95 % interval')) continue;
              faults.push(`no place: ${node.textContent.slice(0, 60)}`);
            }
            return faults;
            """
        ).arrayValue?.compactMap(\.stringValue) ?? ["no answer"]
    }
}
