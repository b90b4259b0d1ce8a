using System.Globalization;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Memberships;
using BloodPlatform.Donors.Rules;
using CsvHelper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Imports;

/// <summary>How far an import is and what became of each row. To an organiser a row is accepted or rejected, and why only where the row itself is wrong.</summary>
/// <param name="State">`queued`, `running`, `succeeded` or `failed`.</param>
/// <param name="Items">Rows that are done, a page of them; `index` counts from 0 without the heading.</param>
public sealed record MembershipImportView(Guid Id, Guid OrganisationId, string State, JobProgress Progress, int Accepted, int Rejected, IReadOnlyList<ImportedRow> Items, string? Next, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt);

/// <param name="Status">`accepted` or `rejected`.</param>
/// <param name="Code">`invalid_value`, `member_unknown`, `membership_overlap`.</param>
public sealed record ImportedRow(int Index, string Status, string? Code);

/// <summary>
/// POST /v1/imports/memberships?organisationId=: the class roll-over. CSV with a heading: memberNumber, groupId, validFrom, validTo. Each row
/// begins a new period of whoever has that number in the organisation, as PUT …/memberships does. An organiser speaks of those who
/// share their participation with his organisation and of no one else: who does not is as unknown to him as who is no donor.
/// </summary>
public static class ImportMemberships
{
    public const string Kind = "import-memberships";
    private const int AtOnce = 50;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/imports/memberships", Start).Allow("donors organisations", Roles.Station, Roles.Organiser).WithSummary("Moves an organisation's members to other groups, by a list").WithDescription("The body is text/csv with a heading: memberNumber, groupId, validFrom, validTo");
        app.MapGet("/v1/imports/memberships/{id:guid}", Get).Allow("donors organisations", Roles.Station, Roles.Organiser).WithSummary("How far an import of memberships is, and what became of each row");
    }

    private sealed record Order(Guid ImportId);

    private static async Task<Results<Accepted<MembershipImportView>, ProblemHttpResult>> Start(HttpRequest http, Caller caller, Database db, Vault vault, CancellationToken ct, Guid? organisationId = null)
    {
        if (http.ContentType?.StartsWith("text/csv", StringComparison.OrdinalIgnoreCase) != true) return CommonProblems.UnsupportedMediaType.With("Send text/csv");
        var organisation = organisationId ?? (caller.Is(Roles.Organiser) ? caller.Tenant : Guid.Empty);
        if (organisation == Guid.Empty) return CommonProblems.Invalid.With(null, new FieldError("organisationId", "required", "Whose members"));
        var (lines, unreadable) = await Read(http.Body, ct);
        if (unreadable is not null) return Problems.ImportUnreadable.With(unreadable);
        return await db.InTransaction<Results<Accepted<MembershipImportView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<OrganisationRow>("select path from donor.organisation where organisation_id = @organisation", new { organisation }) is not { } known) return CommonProblems.Unknown(organisation);
            if (caller.Is(Roles.Organiser) && organisation != caller.Tenant && !known.Path.Contains(caller.Tenant)) return CommonProblems.NotFound.With();
            var id = tx.NewId();
            var key = vault.CreateKey(tx, id);
            var job = tx.StartJob(Kind, new Order(id));
            tx.Write("insert into donor.membership_import (id, organisation_id, role, tenant_id, job_id, rows, created_at) values (@id, @organisation, @Role, @tenant, @job, @Count, @now)",
                new { id, organisation, caller.Role, tenant = caller.Tenant, job, lines!.Count, now = tx.Now });
            foreach (var (line, row) in lines.Select((line, row) => (line, row)))
                tx.Write("insert into donor.membership_import_row (import_id, row, content) values (@id, @row, @content)", new { id, row, content = key.Seal("import_row", JsonSerializer.Serialize(line, Json.Options)) });
            tx.Audit("memberships.import", $"imports/memberships/{id}", new { organisation, rows = lines.Count });
            return TypedResults.Accepted($"/v1/imports/memberships/{id}", new MembershipImportView(id, organisation, "queued", new(0, lines.Count), 0, 0, [], null, tx.Now, null));
        }, ct);
    }

    private static async Task<(List<MembershipLine>? Lines, string? Unreadable)> Read(Stream body, CancellationToken ct)
    {
        try
        {
            using var text = new StreamReader(body, new UTF8Encoding(false, throwOnInvalidBytes: true));
            using var csv = CsvReader.FromText(await text.ReadToEndAsync(ct), Format);
            csv.ReadHeader();
            string[] headings = [.. csv.Headers.Select(h => h.Trim().ToUpperInvariant())];
            foreach (var needed in new[] { "memberNumber", "groupId", "validFrom" })
                if (!headings.Contains(needed.ToUpperInvariant())) return (null, $"The heading lacks {needed}: memberNumber,groupId,validFrom,validTo");
            var lines = new List<MembershipLine>();
            while (csv.Read())
            {
                if (lines.Count == MembershipList.MostRows) return (null, $"At most {MembershipList.MostRows} rows");
                lines.Add(new(Field("MEMBERNUMBER"), Field("GROUPID"), Field("VALIDFROM"), Field("VALIDTO")));
            }
            return lines.Count == 0 ? (null, "There is no row below the heading") : (lines, null);

            string? Field(string name) => Array.IndexOf(headings, name) is >= 0 and var i && i < csv.FieldCount ? csv.GetStringOrNull(i) : null;
        }
        catch (Exception e) when (e is CsvFormatException or InvalidOperationException) { return (null, "Not readable as CSV with a heading"); }
        catch (DecoderFallbackException) { return (null, "Not UTF-8"); }
    }

    // No value of a row may come into an exception, and from there into a log.
    private static readonly CsvReaderOptions Format = new() { Separator = ',', HasHeader = true, TrimWhitespace = true, SkipEmptyLines = true, IncludeValuesInExceptions = false, MalformedData = CsvMalformedDataHandling.Throw, FieldCountMismatch = CsvFieldCountHandling.Allow };

    private static async Task<Results<Ok<MembershipImportView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, CancellationToken ct, int? limit = null, int? cursor = null)
    {
        if (await db.QuerySingle<ImportRow>("""
            select i.id, i.organisation_id, i.tenant_id, i.rows, i.accepted, i.rejected, i.created_at, i.finished_at, j.state from donor.membership_import i join donor.job j on j.id = i.job_id where i.id = @id and i.role = @Role and i.tenant_id = @tenant
            """, new { id, caller.Role, tenant = caller.Tenant }, ct) is not { } import) return CommonProblems.NotFound.With();
        var take = Answers.Limit(limit);
        var rows = await db.Query<ImportedRow>("select row as index, outcome as status, code from donor.membership_import_row where import_id = @id and outcome is not null and row > coalesce(@cursor, -1) order by row limit @more", new { id, cursor, more = take + 1 }, ct);
        var page = Page<ImportedRow>.From(rows, take, r => r.Index.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new MembershipImportView(id, import.OrganisationId, import.State, new(import.Accepted + import.Rejected, import.Rows), import.Accepted, import.Rejected, page.Items, page.Next, import.CreatedAt, import.FinishedAt));
    }

    /// <summary>Some rows: their effects, their outcomes and the cursor are one transaction.</summary>
    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var (vault, books) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>());
        var (id, after) = (job.Input<Order>().ImportId, job.Cursor<int?>() ?? -1);
        var (import, wrapped, rows) = await tx.Read("""
            select i.id, i.organisation_id, i.tenant_id, i.rows, i.accepted, i.rejected, i.created_at, i.finished_at, i.role as state from donor.membership_import i where i.id = @id;
            select wrapped_key from donor.subject_key where subject_id = @id;
            select row, content from donor.membership_import_row where import_id = @id and row > @after order by row limit @AtOnce
            """, new { id, after, AtOnce }, async grid => (await grid.ReadSingleAsync<ImportRow>(), await grid.ReadSingleAsync<byte[]>(), (await grid.ReadAsync<RowToApply>()).ToList()));
        var key = vault.Unwrap(id, wrapped);
        var changes = rows.ConvertAll(r => (r.Row, Read: MembershipList.Read(JsonSerializer.Deserialize<MembershipLine>(key.Open("import_row", r.Content), Json.Options)!)));
        var indexes = changes.Where(c => c.Read.Change is not null).ToDictionary(c => c.Row, c => DonorIndexes.Member(vault, import.OrganisationId, c.Read.Change!.MemberNumber));

        // All of the step's persons in the order of their ids: two imports never wait for each other crosswise.
        var members = (await tx.Query<MemberRow>("""
            select m.member_index, m.donor_id, coalesce(q.person_id, m.donor_id) as person_id, bool_or(m.share_participation) as shares
            from donor.membership m left join donor.donor_person q on q.donor_id = m.donor_id
            where m.organisation_id = @OrganisationId and m.member_index = any(@indexes) group by 1, 2, 3
            """, new { import.OrganisationId, indexes = indexes.Values.ToArray() })).ToLookup(m => Convert.ToHexString(m.MemberIndex));
        var files = new Dictionary<Guid, DonorFile>();
        foreach (var person in members.SelectMany(m => m).Select(m => (m.PersonId, m.DonorId)).OrderBy(m => m.PersonId).DistinctBy(m => m.PersonId))
            if (await DonorFile.Lock(tx, vault, books, person.DonorId) is { } donor) files[person.PersonId] = donor;

        var (accepted, problems) = (0, new List<JobProblem>());
        var changed = new HashSet<DonorFile>();
        foreach (var (row, (change, errors)) in changes)
        {
            var code = change is null ? CommonProblems.Invalid.Code : Apply(tx, vault, import, change, [.. members[Convert.ToHexString(indexes[row])]], files, changed);
            if (code is null) accepted++;
            else problems.Add(new(row, code, null, errors.Length > 0 ? errors : null));
            tx.Write("update donor.membership_import_row set content = null, outcome = @outcome, code = @code where import_id = @id and row = @row", new { id, row, code, outcome = code is null ? "accepted" : "rejected" });
        }
        foreach (var donor in changed)
        {
            donor.AnnounceChange(tx);
            donor.Save(tx);
        }
        var last = rows.Count < AtOnce;
        tx.Write("update donor.membership_import set accepted = accepted + @accepted, rejected = rejected + @Count, finished_at = @finished where id = @id", new { id, accepted, problems.Count, finished = last ? tx.Now : (DateTimeOffset?)null });
        if (last) tx.Write("delete from donor.subject_key where subject_id = @id", new { id }); // the list is read: nobody needs it again
        var (allAccepted, allRejected) = (import.Accepted + accepted, import.Rejected + problems.Count);
        return last ? JobStep.Finished(new { accepted = allAccepted, rejected = allRejected }, job.Done + rows.Count, problems) : JobStep.Next(rows[^1].Row, job.Done + rows.Count, import.Rows, problems);
    }

    /// <returns>Null, or the code of the rejection.</returns>
    private static string? Apply(Transaction tx, Vault vault, ImportRow import, MembershipChange change, List<MemberRow> members, Dictionary<Guid, DonorFile> files, HashSet<DonorFile> changed)
    {
        const string Unknown = "member_unknown";
        if (import.State == Roles.Organiser) members = [.. members.Where(m => m.Shares)];
        if (members.Select(m => m.PersonId).Distinct().Count() != 1 || !files.TryGetValue(members[0].PersonId, out var donor) || donor.Row.Status is not ("active" or "merged")) return Unknown;
        // Where several of his registrations bear the number, the one who stands for the person goes on.
        donor.RecordAs(members.OrderByDescending(m => m.DonorId == m.PersonId).First().DonorId);
        var standing = donor.OwnMemberships.Where(m => m.OrganisationId == import.OrganisationId && m.MemberIndex is not null).MaxBy(m => m.ValidFrom ?? DateOnly.MinValue)!;
        var (_, moved, rejection) = PutMembership.Record(tx, vault, donor, import.OrganisationId, new(standing.ShareParticipation, change.MemberNumber, change.GroupId, change.ValidFrom, change.ValidTo));
        if (rejection is not null) return rejection.Problem.Code;
        if (moved) changed.Add(donor);
        return null;
    }

    private sealed record OrganisationRow(Guid[] Path);

    private sealed record ImportRow(Guid Id, Guid OrganisationId, Guid TenantId, int Rows, int Accepted, int Rejected, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, string State);

    private sealed record RowToApply(int Row, byte[] Content);

    private sealed record MemberRow(byte[] MemberIndex, Guid DonorId, Guid PersonId, bool Shares);
}
