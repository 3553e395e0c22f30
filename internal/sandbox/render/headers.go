package render

// level is one row of ITU-T H.264 table A-1.
type level struct {
	idc       uint32
	perSecond int // macroblocks
	perFrame  int // macroblocks
}

// levels from 3 on; lower ones only limit the bit rate needlessly.
func levels() []level {
	return []level{
		{30, 40500, 1620}, {31, 108000, 3600}, {32, 216000, 5120}, {40, 245760, 8192},
		{42, 522240, 8704}, {50, 589824, 22080}, {51, 983040, 36864}, {52, 2073600, 36864},
	}
}

// levelFor is the lowest level that holds such pictures, the highest if none does.
func levelFor(mbWidth, mbHeight, fps int) uint32 {
	table := levels()
	for _, l := range table {
		fits := mbWidth*mbHeight <= l.perFrame && mbWidth*mbHeight*fps <= l.perSecond
		// No side may exceed the square root of eight times the frame limit.
		if long := max(mbWidth, mbHeight); fits && long*long <= 8*l.perFrame {
			return l.idc
		}
	}
	return table[len(table)-1].idc
}

// sps is the sequence parameter set (7.3.2.1.1), as a NAL unit without prefix.
func (e *encoder) sps() []byte {
	var w bitWriter
	w.put(66, 8)   // profile_idc: baseline
	w.put(0xc0, 8) // constraint_set0 and 1: constrained baseline
	w.put(levelFor(e.mbWidth, e.mbHeight, e.fps), 8)
	w.ue(0)       // seq_parameter_set_id
	w.ue(0)       // log2_max_frame_num - 4
	w.ue(2)       // pic_order_cnt_type: pictures are shown in coding order
	w.ue(1)       // max_num_ref_frames
	w.flag(false) // gaps_in_frame_num_value_allowed
	w.ue(uint32(e.mbWidth - 1))
	w.ue(uint32(e.mbHeight - 1))
	w.flag(true) // frame_mbs_only
	w.flag(true) // direct_8x8_inference
	right, bottom := e.mbWidth*16-e.width, e.mbHeight*16-e.height
	w.flag(right > 0 || bottom > 0) // frame_cropping
	if right > 0 || bottom > 0 {
		// In units of two luma samples.
		w.ue(0)
		w.ue(uint32(right / 2))
		w.ue(0)
		w.ue(uint32(bottom / 2))
	}
	w.flag(true) // vui_parameters_present
	e.vui(&w)
	return appendNAL(nil, nalSPS, w.finish())
}

// vui is the video usability information (E.1.1): square pixels, BT.709 in
// limited range, the frame rate, no reordering.
func (e *encoder) vui(w *bitWriter) {
	w.flag(true) // aspect_ratio_info_present
	w.put(1, 8)  // 1:1
	w.flag(false)
	w.flag(true)  // video_signal_type_present
	w.put(5, 3)   // video_format: unspecified
	w.flag(false) // video_full_range
	w.flag(true)  // colour_description_present
	for range 3 {
		w.put(1, 8) // primaries, transfer, matrix: BT.709
	}
	w.flag(false) // chroma_loc_info_present
	w.flag(true)  // timing_info_present
	w.put(1, 32)  // a tick is one field: half a frame
	w.put(uint32(2*e.fps), 32)
	w.flag(true)  // fixed_frame_rate
	w.flag(false) // nal_hrd_parameters_present
	w.flag(false) // vcl_hrd_parameters_present
	w.flag(false) // pic_struct_present
	w.flag(true)  // bitstream_restriction
	w.flag(true)  // motion_vectors_over_pic_boundaries
	for range 4 {
		w.ue(0) // max bytes per picture, bits per macroblock: unlimited; vectors: all zero
	}
	w.ue(0) // max_num_reorder_frames
	w.ue(1) // max_dec_frame_buffering
}

// pps is the picture parameter set (7.3.2.2), as a NAL unit without prefix.
func (e *encoder) pps() []byte {
	var w bitWriter
	w.ue(0)       // pic_parameter_set_id
	w.ue(0)       // seq_parameter_set_id
	w.flag(false) // entropy_coding_mode: CAVLC
	w.flag(false) // bottom_field_pic_order_in_frame_present
	w.ue(0)       // num_slice_groups - 1
	w.ue(0)       // num_ref_idx_l0_default_active - 1
	w.ue(0)       // num_ref_idx_l1_default_active - 1
	w.flag(false) // weighted_pred
	w.put(0, 2)   // weighted_bipred_idc
	w.se(int32(e.qp) - 26)
	w.se(0) // pic_init_qs - 26
	w.se(int32(e.chromaShift))
	w.flag(true)  // deblocking_filter_control_present
	w.flag(false) // constrained_intra_pred
	w.flag(false) // redundant_pic_cnt_present
	return appendNAL(nil, nalPPS, w.finish())
}

// The slice types whose number promises that all slices of the picture agree.
const (
	sliceDelta = 5 // P
	sliceKey   = 7 // I
)

// sliceHeader starts the only slice of a picture (7.3.3). frameNum counts
// pictures since the last key picture.
func (w *bitWriter) sliceHeader(key bool, frameNum int) {
	w.ue(0) // first_mb_in_slice
	if key {
		w.ue(sliceKey)
	} else {
		w.ue(sliceDelta)
	}
	w.ue(0) // pic_parameter_set_id
	w.put(uint32(frameNum%16), 4)
	if key {
		w.ue(0)       // idr_pic_id: key pictures never follow each other directly
		w.flag(false) // no_output_of_prior_pics
		w.flag(false) // long_term_reference
	} else {
		w.flag(false) // num_ref_idx_active_override
		w.flag(false) // ref_pic_list_modification_l0
		w.flag(false) // adaptive_ref_pic_marking_mode
	}
	w.se(0) // slice_qp_delta
	w.ue(1) // disable_deblocking_filter_idc: off, so that still parts stay still
}
