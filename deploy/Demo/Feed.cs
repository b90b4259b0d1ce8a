using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>The public event feed as the operator reads it: every entry of some kinds, read on from where the last reading ended.</summary>
public sealed class Feed(Api api)
{
    private static readonly string[] Kinds =
    [
        "appointment-booked", "appointment-missed", "visit-opened", "visit-deferred", "donation-collected", "credit-granted",
        "donation-released", "donation-held", "donation-withdrawn", "donor-deferral-required", "unit-released", "unit-issued", "unit-received", "unit-transfused",
        "donation-corrected", "blood-group-corrected", "donors-merged", "donor-erased", "appeal-closed",
    ];

    private readonly List<(string Kind, JsonNode Data)> entries = [];
    private long through;

    public async Task ReadOn()
    {
        for (var more = true; more;)
        {
            var page = await api.Get("admin", $"/v1/events?after={through}&limit=1000&types={string.Join(',', Kinds.Select(k => "blood-platform." + k))}");
            entries.AddRange(page["items"]!.AsArray().Select(e => (((string)e!["type"]!)["blood-platform.".Length..], e["data"]!)));
            through = (long)page["through"]!;
            more = page["next"] is not null;
        }
    }

    /// <summary>What entries of a kind say of a drive.</summary>
    public IEnumerable<JsonNode> OfDrive(string kind, string driveId) => Of(kind, "driveId", driveId);

    /// <summary>Entries of a kind of which a field says this.</summary>
    public IEnumerable<JsonNode> Of(string kind, string field, string value) => entries.Where(e => e.Kind == kind && (string?)e.Data[field] == value).Select(e => e.Data);

    /// <summary>What entries of a kind say of some donations.</summary>
    public IEnumerable<JsonNode> OfDonations(string kind, IReadOnlySet<string> dins) => entries.Where(e => e.Kind == kind && (string?)e.Data["din"] is { } din && dins.Contains(din)).Select(e => e.Data);
}
