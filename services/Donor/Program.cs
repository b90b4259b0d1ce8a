using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Decisions;
using BloodPlatform.Donors.Features.DonorCards;
using BloodPlatform.Donors.Features.Consents;
using BloodPlatform.Donors.Features.ContactPreferences;
using BloodPlatform.Donors.Features.Deferrals;
using BloodPlatform.Donors.Features.Donations;
using BloodPlatform.Donors.Features.Documents;
using BloodPlatform.Donors.Features.DonorDuplicates;
using BloodPlatform.Donors.Features.DonorMerges;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Features.Erasures;
using BloodPlatform.Donors.Features.ExternalChecks;
using BloodPlatform.Donors.Features.Exports;
using BloodPlatform.Donors.Features.FullReads;
using BloodPlatform.Donors.Features.IdentityCorrections;
using BloodPlatform.Donors.Features.Imports;
using BloodPlatform.Donors.Features.LateInformation;
using BloodPlatform.Donors.Features.Letters;
using BloodPlatform.Donors.Features.Memberships;
using BloodPlatform.Donors.Features.Projections;
using BloodPlatform.Donors.Features.Questionnaires;
using BloodPlatform.Donors.Features.ReentryCases;
using BloodPlatform.Donors.Features.RuleSets;
using BloodPlatform.Donors.Features.Visits;

namespace BloodPlatform.Donors;

/// <summary>The whole service on one screen: what it hears, which constraints settle its races, what it answers.</summary>
public static class Program
{
    public static PlatformService Create(string[] args)
    {
        var service = PlatformService.Create("donor", args, typeof(Program).Assembly);
        service.Builder.Services.AddValidation();
        service.Builder.Services.AddSingleton<RuleBooks>().AddHostedService<PublishRuleSets>().AddHostedService<DestroyKeys>().AddHostedService<SendReminders>().AddHostedService<AnnounceLeft>().AddHostedService<IndexDonors>();
        IExternalRegister.AddTo(service.Builder.Services, service.Builder.Configuration);
        return service
            .PublishesSeals() // Inventory releases and issues only on what this service has said
            .Consumes<OrganisationRegistered>(OnOrganisationRegistered.Handle)
            .Consumes<OrganisationChanged>(OnOrganisationChanged.Handle)
            .Consumes<DriveScheduled>(OnDriveScheduled.Handle)
            .Consumes<DriveChanged>(OnDriveChanged.Handle)
            .Consumes<DriveCancelled>(OnDriveCancelled.Handle)
            .Consumes<DriveClosed>(OnDriveClosed.Handle)
            .Consumes<AppointmentBooked>(OnAppointmentBooked.Handle)
            .Consumes<AppointmentMoved>(OnAppointmentMoved.Handle)
            .Consumes<AppointmentCancelled>(OnAppointmentCancelled.Handle)
            .Consumes<NoticeRequested>(OnNoticeRequested.Handle)
            .Consumes<DinBlockIssued>(OnDinBlockIssued.Handle)
            .Consumes<DonationReported>(OnDonationReported.Handle)
            .Consumes<DonorDeferralRequired>(OnDonorDeferralRequired.Handle)
            .Consumes<LookbackOpened>(OnLookbackOpened.Handle)
            .Consumes<LookbackClosed>(OnLookbackClosed.Handle)
            .Runs(ReEvaluate.Kind, ReEvaluate.Step).Runs(Simulate.Kind, Simulate.Step).Runs(FollowErased.Kind, FollowErased.Step).Runs(FollowClaimant.Kind, FollowClaimant.Step).Runs(FollowVoid.Kind, FollowVoid.Step)
            .KeepsSecrets("donor.tombstone", "donor_id", "reasons", "'tombstone/' || donor_id")
            .Constraint("rule_set_once", Problems.RuleSetVersionExists)
            .Constraint("interval_approval_once", Problems.IntervalApproved)
            .Runs(ImportMemberships.Kind, ImportMemberships.Step)
            .Constraint("erasure_once", Problems.DonorNotActive)
            .Constraint("duplicate_dismissed_once", Problems.DuplicateDismissed)
            .Constraint("identity_correction_in_order", CommonProblems.VersionMismatch)
            .Constraint("finding_correction_in_order", CommonProblems.VersionMismatch)
            .Constraint("donor_document_once", Problems.DonorExists)
            .Constraint("document_one_donor", Problems.DocumentOfAnother)
            .Constraint("visit_one_open_per_donor", Problems.VisitOpen)
            .Constraint("visit_appointment_once", Problems.AppointmentUsed)
            .Constraint("visit_din_once", Problems.DinUsed)
            .Constraint("donation_once", Problems.DinUsed)
            .Constraint("donation_voided_once", Problems.DonationVoided)
            .Constraint("visit_void_once", Problems.DonationVoided)
            .Constraint("reentry_case_one_open", Problems.CaseOpen)
            .Constraint("reentry_criterion_once", Problems.CriterionMet)
            .Constraint("reentry_signature_one_per_person", Problems.SameSigner)
            .Map(RegisterDonor.Map, GetDonor.Map, ChangeDonor.Map, CorrectIdentity.Map, SearchDonors.Map, PutMembership.Map, GetEligibility.Map)
            .Map(VerifyPhone.Map, AddDocument.Map, ListDocuments.Map, ListMemberships.Map, ListDuplicates.Map, DismissDuplicate.Map, PreviewMerge.Map, MergeDonors.Map, UndoMerge.Map, GetMerge.Map, ImportMemberships.Map)
            .Map(ListConsentTexts.Map, RecordConsent.Map, PutContactPreferences.Map, GetCard.Map, ListLetters.Map, ReadFully.Map, ExportDonor.Map, EraseDonor.Map)
            .Map(AddDeferral.Map, ListDeferrals.Map, LiftDeferral.Map, RecordLateInformation.Map)
            .Map(OpenReentryCase.Map, MeetCriterion.Map, SignReentry.Map, RefuseReentry.Map, GetReentryCase.Map)
            .Map(GetCurrentQuestionnaire.Map, OpenVisit.Map, GiveConsent.Map, WashHands.Map, TakeVitals.Map, Consult.Map, Pretest.Map)
            .Map(StartCollection.Map, FinishCollection.Map, CompleteVisit.Map, RecordReaction.Map, WithdrawPrivately.Map, AbandonVisit.Map, DeferVisit.Map, CorrectVisit.Map, SignVoid.Map, CorrectFinding.Map, PutSandboxAnswer.Map, GetVisit.Map, ListDonations.Map)
            .Map(GetRuleSets.Map, PublishVersion.Map, Simulate.Map, ApproveInterval.Map, ListIntervalApprovals.Map, WithdrawIntervalApproval.Map, ListDecisions.Map, RerunDecision.Map)
            .Map(Jobs.Map("/v1/donor-jobs", "donors rules organisations", Roles.Station, Roles.Organiser, Roles.App, Roles.Authority, Roles.Admin));
    }

    public static Task<int> Main(string[] args) => Create(args).Run();
}
