using Microsoft.Playwright;

namespace BloodPlatform.Drives.Tests;

/// <summary>
/// A browser as on a cheap telephone, without JavaScript: the distribution's Chromium, never one that was downloaded.
/// What it shows is kept as pictures in TestResults/pages beside the tests' program, to be looked at.
/// </summary>
public sealed class Telephone : IAsyncLifetime
{
    private static readonly string Pictures = Path.Combine(AppContext.BaseDirectory, "TestResults", "pages");
    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        var program = new[] { "/usr/bin/chromium", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("There is no Chromium here. Install it: sudo deploy/install browser (or the distribution's package chromium)");
        Assertions.SetDefaultExpectTimeout(30_000); // a busy machine is slow, not wrong
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = ["--no-sandbox"] }); // root has no sandbox, and what it opens is ours
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }

    /// <summary>A telephone of its own, with an address of its own.</summary>
    public async Task<IPage> Pick() => await (await browser!.NewContextAsync(new()
    {
        JavaScriptEnabled = false, Locale = "zh-CN", TimezoneId = "Asia/Shanghai", IsMobile = true, HasTouch = true,
        ViewportSize = new() { Width = 390, Height = 844 }, ExtraHTTPHeaders = [new("X-Real-IP", Some.Id().ToString())],
    })).NewPageAsync();

    /// <summary>Shows a file of ours as a picture of a sheet of paper, 96 dots an inch.</summary>
    public async Task<IPage> Hold(string svg, int width, int height)
    {
        var page = await browser!.NewPageAsync(new() { JavaScriptEnabled = false, ViewportSize = new() { Width = width, Height = height } });
        await page.SetContentAsync($"""<body style="margin:0"><img alt="" src="data:image/svg+xml;base64,{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(svg))}">""");
        return page;
    }

    public static async Task<string> Photograph(IPage page, string name)
    {
        var path = Path.Combine(Pictures, name + ".png");
        await page.ScreenshotAsync(new() { Path = path, FullPage = true });
        return path;
    }

    /// <summary>Nothing sticks out to the side, on a usual telephone and on a narrow one; every field has a name, every text enough contrast (WCAG 2.1: 4.5).</summary>
    public static async Task Fits(IPage page, string name)
    {
        foreach (var width in new[] { 320, 390 })
        {
            await page.SetViewportSizeAsync(width, 844);
            await Photograph(page, $"{name}-{width}");
            Assert.Empty(await page.EvaluateAsync<string[]>(Wrong));
        }
    }

    private const string Wrong = """
        () => {
            const wide = document.documentElement.clientWidth, all = [document.documentElement, ...document.querySelectorAll('body, body *')];
            const light = color => { const [r, g, b] = color.match(/[\d.]+/g).map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
            const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!c.endsWith(', 0)')) return c; } return 'rgb(255, 255, 255)'; };
            const contrast = e => { const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
            const says = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim() !== '');
            const named = e => `${e.tagName} ${e.textContent.trim().slice(0, 30)}`;
            return [
                ...all.filter(e => e.scrollWidth > wide || e.getBoundingClientRect().right > wide + 0.5 || e.getBoundingClientRect().left < -0.5).map(e => `wider than ${wide}: ${named(e)}`),
                ...all.filter(e => says(e) && e.tagName !== 'OPTION' && contrast(e) < 4.5).map(e => `contrast ${contrast(e).toFixed(1)}: ${named(e)}`),
                ...all.filter(e => e.matches('input, select') && !e.labels.length).map(e => `no label: ${e.name}`),
                ...all.filter(e => e.matches('input, select, button, .button') && (e.closest('label') ?? e).getBoundingClientRect().height < 32).map(e => `too small for a thumb: ${named(e)}`),
            ];
        }
        """;
}
