using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.FullReads;

/// <param name="Purpose">What it is needed for: the authority sees it.</param>
/// <param name="Reason">In words, sealed; the donor sees it.</param>
/// <param name="LookbackId">An open look-back (POST /v1/lookbacks) of the caller's station about this person: without one nobody reads for `look-back`, nor a restricted identity.</param>
public sealed record FullReadRequest(
    [property: AllowedValues("look-back", "notify-result", "reaction", "identity-dispute", "care", "authority-request", "other")] string Purpose,
    [property: StringLength(80, MinimumLength = 1)] string Reason,
    Guid? LookbackId = null);

/// <summary>Everything that identifies a person, in full.</summary>
public sealed record FullIdentityView(Guid Id, Guid DonorId, DateTimeOffset At, string Purpose, Guid? LookbackId, string Name, string DocumentKind, string DocumentNumber, DateOnly BirthDate, string Sex, string Phone);

/// <summary>A full read as it is listed: who, when and what for.</summary>
public sealed record FullReadItem(Guid Id, Guid? DonorId, DateTimeOffset At, Guid StationId, Guid StaffId, string Purpose, string? Reason, Guid? LookbackId);

/// <summary>
/// POST /v1/donors/{id}/full-reads: the glass that is broken. A physician or quality person reads a full identity, says why, and answers for it; the
/// read is recorded in the transaction that reads. Nobody reads full values otherwise but the donor himself (his export). Where a look-back is named it must be
/// open, the station's own and about this person; one that this service has not heard of opens nothing.
/// </summary>
public static class ReadFully
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/donors/{id:guid}/full-reads", Handle).Allow("donors", Roles.Station).ByStaff("physician", "quality").IgnoresIdempotencyKey().WithSummary("Reads a donor's full identity, with a reason");
        app.MapGet("/v1/donors/{id:guid}/full-reads", OfDonor).Allow("donors", Roles.Station).WithSummary("Who read a donor's full identity");
        app.MapGet("/v1/full-reads", OfDistricts).Allow("donors", Roles.Authority, Roles.Admin).WithSummary("Full reads by the stations of the caller's districts, newest first, without donors");
    }

    private static async Task<Results<Ok<FullIdentityView>, ProblemHttpResult>> Handle(Guid id, FullReadRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<FullIdentityView>, ProblemHttpResult>>(async tx =>
        {
            // The case stays as it is until this read is recorded: its closing waits, or came first.
            var (donor, lookback) = await tx.Read(DonorFile.Unlocked + "select l.donor_id, l.station_id, l.closed_at from donor.lookback l where l.id = @LookbackId and l.opened_at is not null for share;", new { donorId = id, request.LookbackId },
                async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<LookbackRow>()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (donor.Restricted && request.LookbackId is null) return Problems.Restricted();
            if (donor.Restricted && !caller.Staff!.Has("quality")) return CommonProblems.StaffFunctionRequired.With("A restricted identity is read by quality, in a look-back");
            if (WhyNot(request, lookback, donor, caller) is { } no) return no;
            var (readId, key) = (tx.NewId(), donor.Key);
            tx.Write("insert into donor.full_read (id, donor_id, at, station_id, client_id, staff_id, purpose, reason, lookback_id) values (@readId, @id, @now, @Tenant, @ClientId, @staff, @Purpose, @reason, @LookbackId)",
                new { readId, id, now = tx.Now, caller.Tenant, caller.ClientId, staff = caller.Staff!.Id, request.Purpose, reason = key.Seal("full_read_reason", request.Reason), request.LookbackId });
            tx.Audit("donor.full-read", $"donors/{id}", new { read = readId, request.Purpose, lookback = request.LookbackId });
            return TypedResults.Ok(new FullIdentityView(readId, id, tx.Now, request.Purpose, request.LookbackId, key.Open("name", donor.Row.Name), donor.Row.DocumentKind, key.Open("document_number", donor.Row.DocumentNumber),
                donor.Facts.BirthDate, donor.Row.Sex, key.Open("phone", donor.Row.Phone)));
        }, ct);

    private static ProblemHttpResult? WhyNot(FullReadRequest request, LookbackRow? lookback, DonorFile donor, Caller caller) => (request.LookbackId, lookback) switch
    {
        (null, _) => request.Purpose == "look-back" ? Problems.LookbackRequired.With(null, new FieldError("/lookbackId", "required", "The case that it is read for")) : null,
        ({ } id, null) => FreshIds.WaitThen(Problems.LookbackUnknown.With("Or it is not here yet", new FieldError("/lookbackId", "unknown", "Unknown")), id),
        _ when lookback.StationId != caller.Tenant => Problems.LookbackUnknown.With("Or it is not here yet", new FieldError("/lookbackId", "unknown", "Unknown")),
        _ when !donor.Includes(lookback.DonorId) => Problems.LookbackOfAnother.With(null, new FieldError("/lookbackId", "other_donor", "It is about another donor")),
        _ => lookback.ClosedAt is null ? null : Problems.LookbackClosed.With(),
    };

    private sealed record LookbackRow(Guid DonorId, Guid StationId, DateTimeOffset? ClosedAt);

    private static async Task<Results<Ok<Page<FullReadItem>>, ProblemHttpResult>> OfDonor(Guid id, Database db, Vault vault, CancellationToken ct, int? limit = null, Guid? cursor = null) =>
        await db.InTransaction<Results<Ok<Page<FullReadItem>>, ProblemHttpResult>>(async tx =>
        {
            var take = Answers.Limit(limit);
            var (known, rows) = await tx.Read($"""
                select exists (select from donor.donor where id = @donorId);
                {FullReadRow.Select} where f.donor_id = any({DonorFile.IdsOf}) and (@cursor::uuid is null or f.id > @cursor) order by f.id limit @more
                """, new { donorId = id, cursor, more = take + 1 }, async grid => (await grid.ReadSingleAsync<bool>(), (await grid.ReadAsync<FullReadRow>()).ToList()));
            if (!known) return CommonProblems.Unknown(id);
            tx.Audit("donor.full-reads", $"donors/{id}");
            return TypedResults.Ok(Page<FullReadItem>.From(rows.ConvertAll(r => r.View(vault)), take, r => r.Id.ToString()));
        }, ct);

    private static async Task<Ok<Page<FullReadItem>>> OfDistricts(Caller caller, Database db, CancellationToken ct, int? limit = null, Guid? cursor = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var take = Answers.Limit(limit);
        var rows = await db.Query<FullReadRow>($"""
            {FullReadRow.Select} left join donor.organisation o on o.organisation_id = f.station_id
            where (@all or exists (select from unnest(@districts) a where o.district like regexp_replace(a, '(00)+$', '') || '%'))
              and (@cursor::uuid is null or f.id < @cursor) and (@from::timestamptz is null or f.at >= @from) and (@to::timestamptz is null or f.at < @to)
            order by f.id desc limit @more
            """, new { all = caller.Is(Roles.Admin), districts = caller.Districts.ToArray(), cursor, from, to, more = take + 1 }, ct);
        return TypedResults.Ok(Page<FullReadItem>.From(rows.ConvertAll(r => new FullReadItem(r.Id, null, r.At, r.StationId, r.StaffId, r.Purpose, null, r.LookbackId)), take, r => r.Id.ToString()));
    }
}

internal sealed record FullReadRow(Guid Id, Guid DonorId, DateTimeOffset At, Guid StationId, Guid StaffId, string Purpose, byte[] Reason, Guid? LookbackId, byte[]? WrappedKey)
{
    public const string Select = "select f.id, f.donor_id, f.at, f.station_id, f.staff_id, f.purpose, f.reason, f.lookback_id, k.wrapped_key from donor.full_read f left join donor.subject_key k on k.subject_id = f.donor_id";

    /// <summary>The words die with the key; that it was read, by whom and what for, stays.</summary>
    public FullReadItem View(Vault vault) => new(Id, DonorId, At, StationId, StaffId, Purpose, WrappedKey is null ? null : vault.Unwrap(DonorId, WrappedKey).Open("full_read_reason", Reason), LookbackId);
}
