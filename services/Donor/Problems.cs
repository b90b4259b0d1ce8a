using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors;

/// <summary>Why this service says no, a line each. Codes are published: add, never change.</summary>
public static class Problems
{
    public static readonly ProblemCode DocumentInvalid = new("document_invalid", 422, "证件号码不正确", "The number can't be one of this kind of document");
    public static readonly ProblemCode IdentityContradiction = new("identity_contradiction", 422, "性别或出生日期与证件不符", "Sex or birth date contradicts the document");
    public static readonly ProblemCode ConsentRequired = new("consent_required", 422, "登记须本人同意", "Registration needs the donor's consent");
    public static readonly ProblemCode ConsentUnknown = new("consent_unknown", 422, "没有这样的同意书", "There is no text of such a consent");
    public static readonly ProblemCode DonorExists = new("donor_exists", 409, "该证件已登记", "A donor with this document is known");
    public static readonly ProblemCode DonorMerged = new("donor_merged", 409, "该登记已并入另一献血者", "The donor was merged into another");
    public static readonly ProblemCode DonorNotActive = new("donor_not_active", 409, "该献血者档案不可用", "The donor is not active");
    public static readonly ProblemCode DonorsDiffer = new("donors_differ", 409, "两份登记的信息互相矛盾", "The two donors contradict each other");
    public static readonly ProblemCode MergeUndone = new("merge_undone", 409, "该合并已撤销", "The merge was undone already");
    public static readonly ProblemCode MergeUndoExpired = new("merge_undo_expired", 409, "已超过可撤销期限", "The time for undoing the merge is over");
    public static readonly ProblemCode NoDuplicates = new("no_duplicates", 409, "两份登记并非疑似重复", "The two are no candidates for one person");
    public static readonly ProblemCode DuplicateDismissed = new("duplicate_dismissed", 409, "已认定为不同的两人", "They were found to be two persons already");
    public static readonly ProblemCode DismissalUndone = new("dismissal_undone", 409, "该认定已撤销", "The dismissal was undone already");
    public static readonly ProblemCode DocumentOfAnother = new("document_of_another_donor", 409, "该证件已登记在另一献血者名下", "The document belongs to another donor");
    public static readonly ProblemCode DocumentUnknown = new("document_unknown", 409, "该证件尚未登记在此献血者名下", "The donor has no such document yet");
    public static readonly ProblemCode DocumentNotSeen = new("document_not_seen", 409, "尚未核验本人证件，不得采血", "No document of the donor was seen: nothing is collected");
    public static readonly ProblemCode PhoneMismatch = new("phone_mismatch", 422, "电话号码与登记不符", "Not the telephone on record");
    public static readonly ProblemCode MembershipOverlap = new("membership_overlap", 409, "与该组织的后续成员期间重叠", "Overlaps the next membership in the organisation");
    public static readonly ProblemCode ImportUnreadable = new("import_unreadable", 422, "文件不是所需的 CSV", "The file is not the CSV that this import takes");
    public static readonly ProblemCode DeferralCodeUnknown = new("deferral_code_unknown", 422, "规则集中没有此暂缓代码", "The rule set has no such deferral");
    public static readonly ProblemCode DeferralNotActive = new("deferral_not_active", 409, "该暂缓已解除", "The deferral was lifted already");
    public static readonly ProblemCode ReentryRequired = new("reentry_required", 409, "该暂缓须经归队程序解除", "Only re-entry ends this deferral");
    public static readonly ProblemCode VisitTooOld = new("visit_too_old", 409, "登记已逾12小时，须重新登记", "Checked in more than 12 hours ago: what was measured says nothing of today");
    public static readonly ProblemCode StepOutOfOrder = new("step_out_of_order", 409, "步骤次序不符", "This step is not the next one");
    public static readonly ProblemCode TimeOutOfOrder = new("time_out_of_order", 422, "时间次序不合理", "The time is impossible where it stands");
    public static readonly ProblemCode BackfillReasonRequired = new("backfill_reason_required", 422, "补录须说明原因", "Recording afterwards needs backfillReason");
    public static readonly ProblemCode NoRulesForDay = new("no_rules_for_day", 422, "该日期没有适用的规则集", "No rule set is in force on that day");
    public static readonly ProblemCode RuleSetInvalid = new("rule_set_invalid", 422, "规则集有误", "The rule set is wrong in the rows that are named");
    public static readonly ProblemCode RuleSetVersionExists = new("rule_set_version_exists", 409, "该版本已发布", "This version is published");
    public static readonly ProblemCode IntervalExceptionUnknown = new("interval_exception_unknown", 422, "规则集中没有此间隔例外", "The rule set has no such exception");
    public static readonly ProblemCode IntervalApproved = new("interval_approved", 409, "该日已获批准", "It is approved for that day");
    public static readonly ProblemCode IntervalApprovalOver = new("interval_approval_over", 409, "该批准已撤回或其日期已过", "The approval was withdrawn, or its day is over");
    public static readonly ProblemCode VisitOpen = new("visit_open", 409, "该献血者已有进行中的流程", "The donor has a visit that is still open");
    public static readonly ProblemCode DriveNotStarted = new("drive_not_started", 409, "活动未开始或已结束", "The drive has not started, or is over");
    public static readonly ProblemCode OutsideDrive = new("outside_drive", 422, "时间不在活动期间", "The time lies outside the drive's");
    public static readonly ProblemCode AppointmentMismatch = new("appointment_mismatch", 422, "预约不属于该献血者或该活动", "The appointment is another donor's or another drive's");
    public static readonly ProblemCode AppointmentCancelled = new("appointment_cancelled", 409, "预约已取消", "The appointment was cancelled");
    public static readonly ProblemCode AppointmentUsed = new("appointment_used", 409, "该预约已用于另一次流程", "The appointment belongs to another visit");
    public static readonly ProblemCode QuestionnaireUnknown = new("questionnaire_unknown", 422, "健康征询表版本不存在", "No such questionnaire");
    public static readonly ProblemCode AnswersMissing = new("answers_missing", 422, "有问题未回答", "Every question must be answered");
    public static readonly ProblemCode PretestIncomplete = new("pretest_incomplete", 409, "缺少单采血小板所需的初筛项目", "The pretest lacks what this procedure needs");
    public static readonly ProblemCode ProcedureClosed = new("procedure_closed", 409, "初筛结果不符合该献血方式", "What was measured closes this procedure at this visit");
    public static readonly ProblemCode ProcedureNotOffered = new("procedure_not_offered", 422, "该活动不提供此献血方式", "The drive does not offer the procedure");
    public static readonly ProblemCode VolumeNotAllowed = new("volume_not_allowed", 422, "献血量不在允许范围", "The volume is not allowed");
    public static readonly ProblemCode BagExpired = new("bag_expired", 422, "血袋已过期", "The bag has expired");
    public static readonly ProblemCode DinInvalid = new("din_invalid", 422, "献血码不正确", "Not a valid donation number");
    public static readonly ProblemCode DinNotIssued = new("din_not_issued", 422, "献血码未发放给本站", "The donation number was not issued to this station");
    public static readonly ProblemCode DinUsed = new("din_used", 409, "献血码已使用", "The donation number is used");
    public static readonly ProblemCode NothingCollected = new("nothing_collected", 409, "尚无采集记录可更正", "Nothing was collected that could be corrected");
    public static readonly ProblemCode NothingCorrected = new("nothing_corrected", 422, "更正内容与现有记录相同", "It says what stands already");
    public static readonly ProblemCode SecondPersonRequired = new("second_person_required", 409, "更正须由另一人进行", "A second person corrects what was recorded");
    public static readonly ProblemCode DonationVoided = new("donation_voided", 409, "该献血记录已作废", "The donation is void");
    public static readonly ProblemCode IdentityDestroyed = new("identity_destroyed", 409, "该献血者已被遗忘，记录无法再打开；只能作废献血", "The donor was erased and his record does not open any more; a donation can still be voided");
    public static readonly ProblemCode CaseOpen = new("reentry_case_open", 409, "该暂缓已有进行中的归队申请", "A re-entry case of this deferral is open");
    public static readonly ProblemCode CaseClosed = new("reentry_case_closed", 409, "归队申请已结束", "The case is closed");
    public static readonly ProblemCode ReentryNotNeeded = new("reentry_not_needed", 409, "该暂缓无须归队，由医师解除或到期", "A physician lifts this deferral, or its date does");
    public static readonly ProblemCode NoReentry = new("no_reentry", 422, "规则集未规定该暂缓的归队条件", "The rule set knows no way back from this deferral");
    public static readonly ProblemCode CriterionUnknown = new("criterion_unknown", 422, "归队条件不存在", "The case has no such criterion");
    public static readonly ProblemCode CriterionMet = new("criterion_met", 409, "该条件已登记", "The criterion is met already");
    public static readonly ProblemCode CriterionTooEarly = new("criterion_too_early", 422, "未到可评估日期", "It can't be met before its date");
    public static readonly ProblemCode CriteriaNotMet = new("criteria_not_met", 409, "归队条件未全部满足", "Not every criterion is met");
    public static readonly ProblemCode SameSigner = new("same_signer", 409, "两次签名须为不同人员", "Two different people must sign");
    public static readonly ProblemCode DinMismatch = new("din_mismatch", 409, "扫描的献血码不一致", "The scans bear different numbers");

    public static readonly ProblemCode LookbackRequired = new("lookback_required", 422, "须注明回溯调查编号", "A look-back is named by its id");
    public static readonly ProblemCode LookbackUnknown = new("lookback_unknown", 422, "本站没有此回溯调查", "This station has no such look-back");
    public static readonly ProblemCode LookbackOfAnother = new("lookback_of_another_donor", 422, "该回溯调查不涉及此献血者", "The look-back is about another donor");
    public static readonly ProblemCode LookbackClosed = new("lookback_closed", 409, "该回溯调查已结束", "The look-back is closed");

    /// <summary>Of a donor who asked for erasure, while the law keeps his record: his identity is used in a look-back only.</summary>
    public static ProblemHttpResult Restricted() => DonorNotActive.With("The donor asked for erasure; his record is restricted");

    /// <summary>409 donor_merged with the id that this call must be made for.</summary>
    public static ProblemHttpResult Survivor(Guid personId)
    {
        var merged = DonorMerged.With("Make the call for the donor he was merged into");
        merged.ProblemDetails.Extensions["mergedInto"] = personId;
        return merged;
    }
}
