using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.RegularExpressions;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>A person who wants to give. Sex and birth date may be left out where the document bears them.</summary>
/// <param name="DocumentSeen">The station has the document before it: the donor is `document-seen` from the start, else `declared`.</param>
public sealed record RegisterDonorRequest(
    [property: StringLength(80, MinimumLength = 1), RegularExpression(Plain.Name)] string Name,
    DocumentRequest Document,
    [property: StringLength(24, MinimumLength = 5), RegularExpression(Plain.Phone)] string Phone,
    [property: MaxLength(20)] string[] Consents,
    [property: AllowedValues("male", "female", null)] string? Sex = null,
    DateOnly? BirthDate = null,
    [property: AllowedValues("O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-", null)] string? BloodGroup = null,
    [property: StringLength(6, MinimumLength = 6), RegularExpression(Plain.District)] string? District = null,
    bool DocumentSeen = false);

public sealed record DocumentRequest(
    [property: AllowedValues(IdentityDocument.ResidentId, IdentityDocument.HmtResidencePermit, IdentityDocument.HkMacauPermit, IdentityDocument.TaiwanPermit, IdentityDocument.Passport, IdentityDocument.MilitaryId, IdentityDocument.ForeignPermanentResidence)] string Kind,
    [property: StringLength(40, MinimumLength = 1)] string Number);

/// <summary>What an app hears of a person who is known already: nothing but that the person must link himself.</summary>
public sealed record LinkRequired(string Status);

/// <summary>POST /v1/donors</summary>
public static class RegisterDonor
{
    /// <summary>How often an app may meet known persons in a day before it looks like trying numbers out.</summary>
    private const int LinkRequestsPerDay = 200;

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors", Handle)
        .Allow("donors", Roles.Station, Roles.App).Creates().WithSummary("Registers a donor with a checked identity document");

    private static async Task<Results<Made<DonorView>, Accepted<LinkRequired>, ProblemHttpResult>> Handle(RegisterDonorRequest request, Caller caller, Database db, Vault vault, RuleBooks books, TimeProvider clock, CancellationToken ct)
    {
        if (request.DocumentSeen && !caller.Is(Roles.Station)) return CommonProblems.Invalid.With(null, new FieldError("/documentSeen", "invalid", "Only a station sees documents"));
        try { return await Register(request, caller, db, vault, books, clock, ct); }
        catch (PostgresException e) when (e.ConstraintName is "donor_document_once" or "document_one_donor") { return await Register(request, caller, db, vault, books, clock, ct); } // a twin was first: now he is known
    }

    private static async Task<Results<Made<DonorView>, Accepted<LinkRequired>, ProblemHttpResult>> Register(RegisterDonorRequest request, Caller caller, Database db, Vault vault, RuleBooks books, TimeProvider clock, CancellationToken ct)
    {
        (IdentityDocument Document, Guid Owner)? met = null;
        var answer = await db.InTransaction<Results<Made<DonorView>, Accepted<LinkRequired>, ProblemHttpResult>>(async tx =>
        {
            var today = Shanghai.DateOf(clock.GetUtcNow());
            var (document, bad) = IdentityDocument.Read(request.Document.Kind, request.Document.Number, today);
            if (bad is not null) return bad.ToProblem();
            var (birthDate, sex, contradiction) = document!.Person(request.BirthDate, request.Sex, today);
            if (contradiction is not null) return contradiction.ToProblem();
            if (BadConsents(request.Consents, today) is { } consentsNo) return consentsNo;
            if (!request.Consents.Contains("registration")) return Problems.ConsentRequired.With("consents must contain registration", new FieldError("/consents", "consent_required", "registration is missing"));

            var documentIndex = DonorIndexes.Document(vault, document);
            var (known, book, tombstone) = await tx.Read(RuleBooks.LockShared + RuleBooks.Position + """
                select d.donor_id as owner, coalesce(q.person_id, d.donor_id) as id,
                       (select count(*) from donor.link_request where app_id = @app and requested_at > @since) as asked
                from (select 1) one left join donor.document d on d.identity_index = @documentIndex and d.renews is null left join donor.donor_person q on q.donor_id = d.donor_id;
                """ + Tombstone.OfDocument, new { documentIndex, app = caller.TenantId ?? Guid.Empty, since = tx.Now.AddDays(-1) }, async grid =>
                {
                    await grid.ReadAsync<int>();
                    var position = await grid.ReadSingleAsync<long>();
                    var person = await grid.ReadSingleAsync<KnownRow>(); // the tombstone after it: who is erased meanwhile is found as the one or as the other
                    return (person, await books.At(position), await grid.ReadSingleOrDefaultAsync<TombstoneRow>());
                });
            if (known.Id is { } existing)
            {
                if (caller.Is(Roles.Station))
                {
                    met = (document, known.Owner!.Value);
                    var exists = Problems.DonorExists.With();
                    exists.ProblemDetails.Extensions["donorId"] = existing;
                    exists.ProblemDetails.Extensions["id"] = existing;
                    return exists;
                }
                if (known.Asked >= LinkRequestsPerDay) return CommonProblems.TooManyRequests.With("Too many known persons in a day");
                tx.Write("insert into donor.link_request (id, donor_id, app_id, requested_at) values (@id, @existing, @app, @now)", new { id = tx.NewId(), existing, app = caller.Tenant, now = tx.Now });
                tx.Audit("donor.link-required", $"donors/{existing}");
                return TypedResults.Accepted((string?)null, new LinkRequired("link-required"));
            }

            var id = tx.NewId();
            var key = vault.CreateKey(tx, id);
            var (name, assurance) = (request.Name.Trim(), request.DocumentSeen ? IdentityAssurance.DocumentSeen : IdentityAssurance.Declared);
            var phone = Phone.Normalise(request.Phone);
            DonorConsent[] consents = [.. request.Consents.Distinct().Select(code => new DonorConsent(code, ConsentTexts.On(code, today)!.Version, tx.Now, null))];
            Guid[] apps = caller.Is(Roles.App) ? [caller.Tenant] : [];
            // Who was erased and comes again meets his deferrals and intervals; nobody but a station can tell.
            var remains = tombstone is null ? new([], []) : Tombstone.Open(vault, tombstone);
            var windows = DonorFile.Windows(id, 2, new DonorFacts(birthDate, sex, remains.Donations, remains.Deferrals, remains.FirstReaction), book, tx.Now);
            tx.Write("""
                insert into donor.donor (id, version, status, name, document_kind, document_number, document_index, birth_date, phone, phone_index, phone_birth_index, name_birth_index, sex, blood_group, district, consents, apps, identity_assurance, registered_at, windows_digest, registered_by)
                values (@id, 2, 'active', @name, @Kind, @number, @documentIndex, @born, @phone, @phoneIndex, @phoneBirthIndex, @nameBirthIndex, @sex, @BloodGroup, @District, @consents::jsonb, @apps, @assurance, @now, @digest, @by)
                """, new
                {
                    id, document.Kind, documentIndex, sex, assurance, request.BloodGroup, request.District, apps, now = tx.Now, by = caller.Staff?.Id, digest = DonorFile.DigestOf(windows), consents = JsonSerializer.Serialize(consents, Json.Options),
                    name = key.Seal("name", name), number = key.Seal("document_number", document.Number), born = key.Seal("birth_date", $"{birthDate:yyyy-MM-dd}"),
                    phone = key.Seal("phone", phone), phoneIndex = vault.BlindIndex("phone", phone), phoneBirthIndex = DonorIndexes.PhoneBirth(vault, phone, birthDate), nameBirthIndex = DonorIndexes.NameBirth(vault, name, birthDate),
                });
            Documents.Cards.Record(tx, id, key, document, documentIndex, [], request.DocumentSeen);
            if (tombstone is not null) Tombstone.Claim(tx, id, key, tombstone, remains, book.Near(today));
            ConsentRecord.Keep(tx, caller, id, consents, []);
            tx.Append(new DonorRegistered
            {
                Key = id.ToString(), Version = 1, OccurredAt = tx.Now, StationId = caller.Is(Roles.Station) ? caller.Tenant : null,
                DonorId = id, Status = "active", BloodGroup = request.BloodGroup, District = request.District, Consents = consents, Memberships = [], Apps = apps,
            });
            tx.Append(windows);
            tx.Audit("donor.register", $"donors/{id}");
            return Answers.Created($"/v1/donors/{id}", 1, new DonorView(
                id, "active", Mask.Name(name), new(document.Kind, Mask.Number(document.Number)), sex, birthDate.Year, Mask.Number(phone), request.BloodGroup, request.District,
                consents, [], assurance, tx.Now, null, DonorView.ActionsOf(caller)));
        }, ct);
        // The 409 undoes its transaction; that his card was renewed is kept in one of its own.
        if (met is { } renewed) await db.InTransaction(tx => Documents.Cards.Renew(tx, vault, books, renewed.Owner, renewed.Document, request.DocumentSeen), ct);
        return answer;
    }

    /// <summary>Consents are codes with a text (GET /v1/consents); more of them may come without a new release of the callers.</summary>
    internal static ProblemHttpResult? BadConsents(string[] consents, DateOnly today)
    {
        FieldError[] bad = [.. consents.Select((code, i) => Regex.IsMatch(code ?? "", @"^[a-z][a-z0-9-]{0,39}\z") ? null : new FieldError($"/consents/{i}", "invalid", "A code such as registration, contact, honours-publication")).OfType<FieldError>()];
        if (bad.Length > 0) return CommonProblems.Invalid.With(null, bad);
        FieldError[] unread = [.. consents.Select((code, i) => ConsentTexts.On(code, today) is null ? new FieldError($"/consents/{i}", "consent_unknown", "GET /v1/consents lists the texts") : null).OfType<FieldError>()];
        return unread.Length == 0 ? null : Problems.ConsentUnknown.With("Nobody agrees to what he can't read", unread);
    }

    private sealed record KnownRow(Guid? Owner, Guid? Id, long Asked);
}

/// <summary>Telephone numbers, normalised so that one line is found however it was written.</summary>
public static class Phone
{
    public static string Normalise(string phone)
    {
        var digits = phone.Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        return digits.StartsWith("+86", StringComparison.Ordinal) ? digits[3..] : digits.Length == 13 && digits.StartsWith("86", StringComparison.Ordinal) ? digits[2..] : digits;
    }
}
