using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>Results follow a correction, because they are counted from the rows; of several the newest stands, whenever the collection arrives.</summary>
public static class OnDonationCorrected
{
    public static Task Handle(DonationCorrected e, Transaction tx)
    {
        Put(tx, e.Din, e.Number, false, e.After);
        return Task.CompletedTask;
    }

    internal static void Put(Transaction tx, string din, int number, bool voided, CollectedState state)
    {
        LockNumber(tx, din);
        tx.WriteAny("""
            insert into event.donation_correction (din, number, voided, nominal_ml, collected_ml, treatment_units, donated_on) values (@din, @number, @voided, @NominalMl, @CollectedMl, @TreatmentUnits, @donatedOn)
            on conflict (din) do update set number = excluded.number, voided = excluded.voided, nominal_ml = excluded.nominal_ml, collected_ml = excluded.collected_ml, treatment_units = excluded.treatment_units, donated_on = excluded.donated_on
            where excluded.number > donation_correction.number
            """, new { din, number, voided, state.NominalMl, state.CollectedMl, state.TreatmentUnits, donatedOn = Shanghai.DateOf(state.StartedAt) });
        Apply(tx, din);
    }

    /// <summary>A collection and its corrections may arrive at the same time, in rows of two tables: one waits for the other here.</summary>
    internal static void LockNumber(Transaction tx, string din) => tx.WriteAny("select pg_advisory_xact_lock(hashtextextended('event.donation/' || @din, 0))", new { din });

    /// <summary>What the newest correction says becomes the row; none, nothing.</summary>
    internal static void Apply(Transaction tx, string din) => tx.WriteAny("""
        update event.donation d set voided = c.voided, nominal_ml = c.nominal_ml, collected_ml = c.collected_ml, treatment_units = c.treatment_units, donated_on = c.donated_on
        from event.donation_correction c where c.din = d.din and d.din = @din
        """, new { din });
}
