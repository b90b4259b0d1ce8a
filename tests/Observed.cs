using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;

namespace BloodPlatform.TestSupport;

/// <summary>
/// What a role reads of one person over time: the service's own events in the order in which they left, as Partner's feed shows them to that role (by its own
/// table), so that two persons can be compared. Ids are numbered as they appear, DINs alike; instants stand as minutes from when the event happened,
/// and that as minutes from the first one told: an order and distances, no clock.
/// </summary>
internal static partial class Observed
{
    private static readonly JsonSerializerOptions AsWritten = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<List<string>> By(string role, ServiceUnderTest service, Guid donor)
    {
        var seen = new List<string>();
        var ids = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        DateTimeOffset? first = null;
        foreach (var (type, payload) in await service.Database.Query<(string, string)>($"select type, payload::text from {service.Name}.outbox where payload->>'donorId' = @donor or payload->>'survivor' = @donor order by position", new { donor = donor.ToString() }))
        {
            var (name, publisher) = (EventTypes.Find(type)!.Type.Name, EventTypes.Find(type)!.Publisher);
            if (!FeedReaders.MayRead(role, name)) continue;
            var data = JsonNode.Parse(payload)!.AsObject();
            if (!FeedReaders.SeesDonors(role)) data = FeedReaders.WithoutDonors(data, [donor.ToString()]);
            foreach (var field in FeedReaders.Withheld(role, publisher, name)) data.Remove(field);
            if (role == Roles.App && data["reasonCode"] is { } why && !FeedReaders.MayTellApp((string?)why)) data.Remove("reasonCode");
            var at = (DateTimeOffset)data["occurredAt"]!;
            data["occurredAt"] = Minutes(at - (first ??= at));
            var text = Instant().Replace(data.ToJsonString(AsWritten), m => Minutes(DateTimeOffset.Parse(m.Value, CultureInfo.InvariantCulture) - at));
            seen.Add($"{name} {Id().Replace(text, m => ids.TryGetValue(m.Value, out var known) ? known : ids[m.Value] = $"#{ids.Count}")}");
        }
        return seen;
    }

    /// <summary>The expected text itself, where the other differs in nothing but distances of less than five minutes: the twins are looked at one after the other.</summary>
    public static string Alike(string expected, string actual)
    {
        static double[] Distances(string text) => [.. Distance().Matches(text).Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];
        return Distance().Replace(expected, "±") == Distance().Replace(actual, "±") && Distances(expected).Zip(Distances(actual)).All(d => Math.Abs(d.First - d.Second) < 5) ? expected : actual;
    }

    [GeneratedRegex("(-?[0-9]+) min", RegexOptions.None, 5000)]
    private static partial Regex Distance();

    private static string Minutes(TimeSpan apart) => $"{Math.Round(apart.TotalMinutes) + 0} min";

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z][0-9]{12}", RegexOptions.None, 5000)]
    private static partial Regex Id();

    [GeneratedRegex("(?<=\")[0-9]{4}-[0-9]{2}-[0-9]{2}T[^\"]+", RegexOptions.None, 5000)]
    private static partial Regex Instant();
}
