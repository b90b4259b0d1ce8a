using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Calendar;

/// <summary>Days on which an organisation brings no donors, `from` and `to` included; `source` says where it is written.</summary>
public sealed record ExcludedDaysRequest(
    [property: StringLength(80, MinimumLength = 1)] string Name,
    DateOnly From,
    DateOnly To,
    [property: StringLength(80, MinimumLength = 1)] string? Source = null)
{
    /// <summary>A year at most each: an organisation that never brings donors needs no calendar.</summary>
    internal static FieldError[] Faults(IReadOnlyList<ExcludedDaysRequest> entries) =>
    [
        .. entries.Count is 0 or > 500 ? [new FieldError("/entries", "count", "From 1 to 500 entries")] : Array.Empty<FieldError>(),
        .. entries.Index().Where(e => e.Item.To < e.Item.From).Select(e => new FieldError($"/entries/{e.Index}/to", "before_from", "to lies before from")),
        .. entries.Index().Where(e => e.Item.To.DayNumber - e.Item.From.DayNumber > 366).Select(e => new FieldError($"/entries/{e.Index}/to", "too_long", "A year at most; an entry for each year")),
    ];

    /// <summary>The rows of a calendar whose entries are replaced or new.</summary>
    internal static void Write(Transaction tx, Guid calendarId, IReadOnlyList<ExcludedDaysRequest> entries) => tx.Write("""
        insert into event.exclusion_entry (calendar_id, number, name, from_date, to_date, source)
        select @calendarId, e.n, e.name, e.f::date, e.t::date, e.source from unnest(@names, @from, @to, @sources) with ordinality as e(name, f, t, source, n)
        """, new
        {
            calendarId, names = entries.Select(e => e.Name).ToArray(), from = entries.Select(e => e.From.ToString("O")).ToArray(), to = entries.Select(e => e.To.ToString("O")).ToArray(), sources = entries.Select(e => e.Source!).ToArray(),
        }, rows: entries.Count);
}

public sealed record ExcludedDaysView(string Name, DateOnly From, DateOnly To, string? Source);

public sealed record CalendarView(Guid Id, Guid OrganisationId, string Name, IReadOnlyList<ExcludedDaysView> Entries, DateTimeOffset ChangedAt, string[] AllowedActions);

internal sealed record CalendarRow
{
    public const string Select = """
        select c.id, c.version, c.organisation_id, o.path as organisation_path, c.name, c.changed_at,
               coalesce((select jsonb_agg(jsonb_build_object('name', e.name, 'from', e.from_date, 'to', e.to_date, 'source', e.source) order by e.from_date, e.number) from event.exclusion_entry e where e.calendar_id = c.id), '[]')::text as entries
        from event.exclusion_calendar c join event.organisation o on o.id = c.organisation_id
        """;

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid OrganisationId { get; init; }
    public required Guid[] OrganisationPath { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset ChangedAt { get; init; }
    public required string Entries { get; init; }

    public IReadOnlyList<ExcludedDaysView> Days => JsonSerializer.Deserialize<ExcludedDaysView[]>(Entries, Json.Options)!;

    /// <summary>The organisation itself, or one above it. A station keeps its own, by which it plans for whoever has none: another's would cancel drives that are not its.</summary>
    public bool IsManagedBy(Caller caller) => OrganisationPath.Contains(caller.Tenant);

    public CalendarView ViewFor(Caller caller) => new(Id, OrganisationId, Name, Days, ChangedAt, IsManagedBy(caller) ? ["change"] : []);
}
