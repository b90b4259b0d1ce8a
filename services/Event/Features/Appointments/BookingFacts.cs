using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Invitations;
using BloodPlatform.Drives.Features.Projections;
using BloodPlatform.Drives.Features.Provisional;
using BloodPlatform.Drives.Features.Waitlist;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>
/// Everything a booking depends on, in one round trip. The drive is locked shared and the donor exclusively before the donor's
/// other bookings, of all his registrations, are read: each statement sees what was committed before it began, so two bookings of one donor never miss each other.
/// </summary>
internal sealed record BookingFacts(BookingDriveRow? Drive, BookableSlot? Slot, BookingDonorRow? Donor, IReadOnlyList<OtherBooking> Others, IReadOnlyList<IntervalRules> Rules)
{
    /// <summary>
    /// Takes one of @places places, and of @all that are left with the walk-ins'. Whoever comes when the last went meanwhile asks for more than the capacity, and is refused
    /// by slot_never_overbooked.
    /// </summary>
    public const string TakePlace = $"update event.slot s set booked = case when booked + held < @places and booked + held + walked_in < @all and not {Awaited} then booked + 1 else capacity + 1 end where drive_id = @DriveId and starts_at = @SlotStartsAt";

    /// <summary>The same of the reserve for who comes without a booking; refused by slot_walk_ins_fit.</summary>
    public const string TakeWalkIn = "update event.slot s set walked_in = case when booked + held + walked_in < @all then walked_in + 1 else walk_in + 1 end where drive_id = @DriveId and starts_at = @SlotStartsAt";

    /// <summary>The same for a place that is held and not yet booked.</summary>
    public const string HoldPlace = $"update event.slot s set held = case when booked + held < @places and booked + held + walked_in < @all and not {Awaited} then held + 1 else capacity + 1 end where drive_id = @DriveId and starts_at = @SlotStartsAt";

    /// <summary>Somebody waits for a place of slot s.</summary>
    public const string Awaited = "exists (select from event.waiting w where w.drive_id = s.drive_id and w.status = 'waiting' and coalesce(w.slot_starts_at, s.starts_at) = s.starts_at and s.starts_at <> all(w.passed_over))";

    /// <summary>Of slot s, as a booking sees it.</summary>
    public const string SlotColumns = $"s.starts_at, s.ends_at, s.capacity, s.booked, s.walk_in, s.walked_in, s.held, {Awaited} as awaited";

    /// <summary>What limits the places of slots.</summary>
    public const string PlacesRules = "select code, kind, valid_from, valid_to, donors_per_slot from event.rule_set";

    /// <summary>What is asked for a new booking.</summary>
    public static readonly string ForNew = Sql("@driveId", "@donorId", "null::uuid");

    /// <summary>For a new booking.</summary>
    public static Task<BookingFacts> Read(Transaction tx, Guid driveId, Guid donorId, DateTimeOffset slotStartsAt) =>
        tx.Read(ForNew, new { driveId, donorId, slotStartsAt }, Read);

    /// <summary>For a new booking of somebody who was invited: his invitation is locked after him.</summary>
    public static Task<(InvitationRow? Invitation, bool ClaimedAnother, BookingFacts Facts)> ReadForInvited(Transaction tx, Guid driveId, Guid donorId, DateTimeOffset slotStartsAt, byte[] codeHash) =>
        tx.Read($"""
            {Sql("@driveId", "@donorId", "null::uuid")};
            {InvitationRow.ByCode};
            select exists (select from event.invitation i where i.drive_id = @driveId and i.code_hash <> @codeHash and i.status in ('claimed', 'booked') and i.donor_id in {Persons.Ids("@donorId")})
            """, new { driveId, donorId, slotStartsAt, codeHash }, async grid =>
        {
            var facts = await Read(grid);
            return (await grid.ReadSingleOrDefaultAsync<InvitationRow>(), await grid.ReadSingleAsync<bool>(), facts);
        });

    /// <summary>For a booking that exists: its donor and drive never change, so they may be looked up before they are locked.</summary>
    /// <param name="driveId">Where it goes; null: where it is.</param>
    public static Task<(AppointmentRow? Appointment, BookingFacts Facts)> ReadForMove(Transaction tx, Guid id, Guid? driveId, DateTimeOffset slotStartsAt) =>
        tx.Read($"""
            {Sql("coalesce(@driveId::uuid, (select drive_id from event.appointment where id = @id))", "(select donor_id from event.appointment where id = @id)", "@id")};
            {AppointmentRow.Select} where a.id = @id for update of a
            """, new { id, driveId, slotStartsAt }, async grid =>
        {
            var facts = await Read(grid);
            return (await grid.ReadSingleOrDefaultAsync<AppointmentRow>(), facts);
        });

    /// <summary>For a wait-list entry that exists, with its offered slot; the entry is locked after its donor.</summary>
    public static Task<(WaitingRow? Entry, BookingFacts Facts)> ReadForOffer(Transaction tx, Guid id) =>
        tx.Read($"""
            {Sql("(select drive_id from event.waiting where id = @id)", "(select donor_id from event.waiting where id = @id)", "null::uuid", "(select offered_slot from event.waiting where id = @id)")};
            {WaitingRow.Select} where w.id = @id for update of w
            """, new { id }, async grid =>
        {
            var facts = await Read(grid);
            return (await grid.ReadSingleOrDefaultAsync<WaitingRow>(), facts);
        });

    /// <summary>For a place that is held for whoever comes to the desk, with its slot and the donor who came; it is locked after him.</summary>
    public static Task<(ProvisionalRow? Held, BookingFacts Facts)> ReadForProvisional(Transaction tx, Guid id, Guid donorId) =>
        tx.Read($"""
            {Sql("(select drive_id from event.provisional_booking where id = @id)", "@donorId", "null::uuid", "(select slot_starts_at from event.provisional_booking where id = @id)")};
            {ProvisionalRow.Select} where p.id = @id for update of p
            """, new { id, donorId }, async grid =>
        {
            var facts = await Read(grid);
            return (await grid.ReadSingleOrDefaultAsync<ProvisionalRow>(), facts);
        });

    /// <summary>For one who would wait: all slots that he could be offered, and whether his person waits already.</summary>
    public static Task<(IReadOnlyList<BookableSlot> Slots, bool Waits, BookingFacts Facts)> ReadForWaiting(Transaction tx, Guid driveId, Guid donorId, DateTimeOffset? slotStartsAt) =>
        tx.Read($"""
            {Sql("@driveId", "@donorId", "null::uuid", "@slotStartsAt::timestamptz")};
            select {SlotColumns} from event.slot s where s.drive_id = @driveId and s.starts_at = coalesce(@slotStartsAt::timestamptz, s.starts_at) order by s.starts_at;
            select exists (select from event.waiting w where w.drive_id = @driveId and w.status in ('waiting', 'offered') and w.donor_id in {Persons.Ids("@donorId")});
            {PlacesRules}
            """, new { driveId, donorId, slotStartsAt }, async grid =>
        {
            var facts = await Read(grid);
            var slots = (await grid.ReadAsync<BookableSlot>()).ToList();
            var waits = await grid.ReadSingleAsync<bool>();
            var limits = (await grid.ReadAsync<PlacesRule>()).ToList();
            return ((IReadOnlyList<BookableSlot>)slots.ConvertAll(s => s.Under(limits)), waits, facts);
        });

    private static string Sql(string driveId, string donorId, string except, string slot = "@slotStartsAt") => $"""
        select d.id, d.status, d.procedures, d.station_id from event.drive d where d.id = {driveId} for share;
        select p.donor_id, p.status, p.apps, p.profile_version, p.eligibility_version, p.windows::text as windows from event.donor p where p.donor_id = {Persons.Of(donorId)} for update;
        select {Persons.Of(donorId)};
        select {SlotColumns} from event.slot s where s.drive_id = {driveId} and s.starts_at = {slot};
        select a.id as appointment_id, a.drive_id, a.slot_starts_at, a.procedure from event.appointment a
        where a.donor_id in {Persons.Ids(donorId)} and a.id is distinct from {except}
          and (a.drive_id = {driveId} and a.status <> 'cancelled'
               or a.status in ('booked', 'arrived') and not exists (select from event.visit v where v.appointment_id = a.id and v.outcome in ('deferred', 'abandoned')));
        select r.valid_from, r.intervals::text as intervals from event.rule_set r where r.code = (select rule_set from event.donor where donor_id = {Persons.Of(donorId)});
        {PlacesRules}
        """;

    private static async Task<BookingFacts> Read(Dapper.SqlMapper.GridReader grid)
    {
        var drive = await grid.ReadSingleOrDefaultAsync<BookingDriveRow>();
        var donor = await grid.ReadSingleOrDefaultAsync<BookingDonorRow>();
        var person = await grid.ReadSingleOrDefaultAsync<Guid?>();
        if (donor is not null && person != donor.DonorId) throw Persons.MergedMeanwhile();
        var slot = await grid.ReadSingleOrDefaultAsync<BookableSlot>();
        var others = await grid.ReadAsync<OtherBooking>();
        var rules = await grid.ReadAsync<RulesRow>();
        var limits = await grid.ReadAsync<PlacesRule>();
        return new(drive, slot?.Under(limits), donor, [.. others], [.. rules.Select(r => r.Rules)]);
    }

    internal sealed record RulesRow(DateOnly ValidFrom, string Intervals)
    {
        public IntervalRules Rules => new(ValidFrom, JsonSerializer.Deserialize<DonationInterval[]>(Intervals, Json.Options)!);
    }
}

internal sealed record BookingDriveRow
{
    public required Guid Id { get; init; }
    public required string Status { get; init; }
    public required string[] Procedures { get; init; }
    public Guid? StationId { get; init; }

    public BookableDrive Bookable => new(Id, Status, Procedures);

    /// <summary>A station books at its own drives; an app at any that its donors can know of.</summary>
    public bool IsBookableBy(Caller caller) => caller.Is(Roles.Station) ? StationId == caller.Tenant : Status is not ("draft" or "submitted");
}

internal sealed record BookingDonorRow
{
    /// <summary>Who stands for the person that the booking is for.</summary>
    public Guid DonorId { get; init; }
    public string? Status { get; init; }
    public Guid[]? Apps { get; init; }
    public long ProfileVersion { get; init; }
    public long EligibilityVersion { get; init; }
    public string? Windows { get; init; }

    /// <summary>Both of Donor's facts are needed; while one is on its way nobody guesses.</summary>
    public bool HasArrived => ProfileVersion > 0 && EligibilityVersion > 0;

    public bool MayBeBookedBy(Caller caller) => !caller.Is(Roles.App) || Apps!.Contains(caller.Tenant);

    /// <summary>A restricted, erased or merged donor gives on no date.</summary>
    public ProcedureWindows[] OpenWindows => Status == "active" ? JsonSerializer.Deserialize<ProcedureWindows[]>(Windows!, Json.Options)! : [];
}
